'use strict';

// One device over HTTPS: sends, sends a batch, takes three messages and completes, rejects and
// abandons them, uploads a file. Prints what it heard as one JSON object.
//
// The SDK is as it was published.

const { once } = require('node:events');
const { Readable } = require('node:stream');
const { promisify } = require('node:util');
const { Client, Message } = require('azure-iot-device');
const { Http } = require('azure-iot-device-http');

function messageOf(body, id, properties) {
  const message = new Message(body);
  message.messageId = id;
  message.contentType = 'application/json';
  for (const [name, value] of Object.entries(properties)) message.properties.add(name, value);
  return message;
}

async function main() {
  const { device, certificate, ca, file } = JSON.parse(process.env.PLACE);
  const client = Client.fromConnectionString(device, Http);
  // It calls back only where the policy is among the options.
  await client.setOptions({ ca, ...certificate, http: { receivePolicy: { interval: 1 } } });
  await client.open();
  await client.sendEvent(messageOf('{"level": 1}', 'one', { Zone: 'a b', empty: '' }));
  await client.sendEventBatch([messageOf('{"level": 2}', 'two', { Zone: '4' }), new Message('text')]);
  const heard = [];
  const settle = { complete: [], reject: [], abandon: [] };
  const done = new Promise((resolve, reject) => {
    client.on('error', reject);
    client.on('message', async (message) => {
      try {
        const body = message.data.toString();
        const how = heard.some((one) => one.body === body) ? 'complete' : body;
        const properties = Object.fromEntries(message.properties.propertyList.map(({ key, value }) => [key, value]));
        heard.push({ body, messageId: message.messageId, properties });
        await promisify(client[how].bind(client))(message);
        settle[how].push(body);
        if (settle.complete.length === 2) resolve();
      } catch (error) {
        reject(error);
      }
    });
  });
  await done;
  const bytes = Buffer.alloc(file.size, 'x');
  await client.uploadToBlob(file.name, Readable.from([bytes.subarray(0, 10), bytes.subarray(10)]), bytes.length);
  await client.close();
  process.stdout.write(JSON.stringify({ heard, settle }));
  if (process.stdout.writableLength) await once(process.stdout, 'drain');
  process.exit(0);
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n${error.responseBody ?? ''}\n${error.innerError?.stack ?? ''}`);
  process.exit(1);
});
