'use strict';

// Runs every case of cases/ against the hub that HUB describes, one after the other, and prints a
// JSON object a line: {"case", "error"} for each, then {"called"}, the methods that cases called.
//
// The SDK is as it was published. Cases get its clients behind a proxy that writes down what is
// called on them; what the SDK then calls by itself is not counted.

const { readdirSync } = require('node:fs');
const { join } = require('node:path');
const { once } = require('node:events');
const sdk = require('azure-iothub');

const PATIENCE_MS = 30_000;
const called = new Set();

/** `thing`, whose methods are written down as those of `kind` when they are called. */
function watched(kind, thing) {
  return new Proxy(thing, {
    get(target, name) {
      const member = target[name];
      if (typeof member !== 'function' || typeof name !== 'string') return member;
      return (...given) => {
        called.add(`${kind}.${name}`);
        return member.apply(target, given);
      };
    },
  });
}

/** What a case is given: clients of a policy's rights, and how to wait. */
function hubFor(place) {
  const clients = (string) => ({
    registry: watched('Registry', watchedClass('Registry').fromConnectionString(string)),
    jobs: watched('JobClient', watchedClass('JobClient').fromConnectionString(string)),
    client: watched('Client', watchedClass('Client').fromConnectionString(string)),
    twins: watched('DigitalTwinClient', new sdk.DigitalTwinClient(credentials(string))),
  });
  return {
    ...place,
    ...clients(place.policies.iothubowner),
    as: (policy) => clients(place.policies[policy]),
    at: clients,
    watched,
    watchedClass,
    until,
  };
}

function watchedClass(kind) {
  return watched(kind, sdk[kind]);
}

function credentials(string) {
  return new sdk.IoTHubTokenCredentials(string);
}

/** Give what `ask` gives once it is truthy. */
async function until(ask) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await ask();
    if (found) return found;
    if (Date.now() > end) throw new Error('it never came to hold');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function main() {
  const hub = hubFor(JSON.parse(process.env.HUB));
  const folder = join(__dirname, 'cases');
  for (const file of readdirSync(folder).sort()) {
    for (const [name, run] of Object.entries(require(join(folder, file)))) {
      tell({ case: name, error: await failure(run, hub) });
    }
  }
  tell({ called: [...called].sort() });
  if (process.stdout.writableLength) await once(process.stdout, 'drain');
  process.exit(0); // the SDK's agents keep their connections, and the process with them
}

async function failure(run, hub) {
  try {
    await run(hub);
    return null;
  } catch (error) {
    return `${error.stack}\n${error.responseBody ?? ''}`;
  }
}

function tell(told) {
  process.stdout.write(`${JSON.stringify(told)}\n`);
}

main();
