/**
 * A server as its author would write it: registered in one line, and nothing said about leaving.
 * Arguments: endpoints, service.
 */
import { createServer } from 'node:http';
import { connect } from '../../../dist/client/index.js';

const [endpoints, service] = process.argv.slice(2);
const server = createServer((_, response) => response.end('hello'));
const roll = connect(endpoints);
const registration = await roll.register(service, server.listen(0));
console.log(registration.url);
