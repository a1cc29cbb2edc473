/** The second half of the seeds that every test run tries, side by side with the first. */
import { range, testSeeds } from './range.js';

testSeeds(range(101, 100), 'the second hundred seeds');
