'use strict';

// A device that connects by a certificate, reads its twin, reports, and leaves:
// node by_certificate.js CONNECTION-STRING TRANSPORT PEM CA. It prints {"twin"} or {"error"}.
//
// The SDK is as it was published.

const { readFileSync } = require('node:fs');
const { NoRetry } = require('azure-iot-common');
const sdk = require('azure-iot-device');
const transports = require('azure-iot-device-mqtt');

const [string, transport, pem, ca] = process.argv.slice(2);
const shown = readFileSync(pem, 'utf8');

async function run() {
  const client = sdk.Client.fromConnectionString(string, transports[transport]);
  client.setRetryPolicy(new NoRetry());
  await client.setOptions({ cert: shown, key: shown, ca: readFileSync(ca, 'utf8') });
  await client.open();
  const twin = await client.getTwin();
  await new Promise((resolve, reject) => {
    twin.properties.reported.update({ here: true }, (error) => (error ? reject(error) : resolve()));
  });
  await client.close();
  return { twin: twin.properties.desired };
}

run()
  .catch((error) => ({ error: error.name }))
  .then((said) => process.stdout.write(JSON.stringify(said), () => process.exit(0)));
