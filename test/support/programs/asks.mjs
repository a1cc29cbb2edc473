/** Asks one question and closes its client; another client is made and never used. Argument: endpoints. */
import { connect } from '../../../dist/client/index.js';

connect(process.argv[2]);
const roll = connect(process.argv[2]);
console.log((await roll.get('/'))?.path);
await roll.close();
