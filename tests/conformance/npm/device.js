'use strict';

// A device or module that does what it is told. Each line of standard input is a JSON object,
// {"id", "do", ...}; each line of standard output is {"id", "result"} or {"id", "error"}, or
// {"event", ...} for what the SDK tells by itself. The last line, on "end", has {"called"}: the
// methods that were called, as `Client.open`, but for those of every EventEmitter.
//
// The SDK is as it was published.

const { EventEmitter } = require('node:events');
const { createInterface } = require('node:readline');
const { NoRetry } = require('azure-iot-common');
const sdk = require('azure-iot-device');
const transports = require('azure-iot-device-mqtt');

const called = new Set();
let client;
let twin;

/** `thing`, whose methods are written down as those of `kind` when they are called. */
function watched(kind, thing) {
  return new Proxy(thing, {
    get(target, name) {
      const member = target[name];
      if (typeof member !== 'function' || name in EventEmitter.prototype) return member;
      return (...given) => {
        called.add(`${kind}.${name}`);
        return member.apply(target, given);
      };
    },
  });
}

const told = (event, more) => tell({ event, ...more });

/** A message of the SDK's from what a test says of one. */
function messageOf({ body, properties = {}, ...system }) {
  const message = new sdk.Message(body);
  Object.assign(message, system);
  for (const [name, value] of Object.entries(properties)) message.properties.add(name, value);
  return message;
}

/** Answer a method with what it was asked, and tell of it. */
function answer(request, response) {
  told('method', { name: request.methodName, payload: request.payload });
  return response.send(200, { ran: request.methodName, with: request.payload });
}

function heard(input, message) {
  told('message', {
    input,
    body: message.getData().toString(),
    messageId: message.messageId,
    properties: Object.fromEntries(message.properties.propertyList.map(({ key, value }) => [key, value])),
  });
}

const DO = {
  /** Make a client; `by` names how, `given` is for that. */
  async make({ kind = 'Client', by = 'fromConnectionString', given, transport, ca, options = {} }) {
    client = watched(kind, watched(kind, sdk[kind])[by](...given, transports[transport]));
    client.on('error', (error) => told('error', { name: error.name }));
    client.on('disconnect', () => told('disconnect'));
    client.on('connect', () => told('connect'));
    await client.setOptions({ ca, ...options });
  },
  /** Make one that knows itself by a certificate. */
  async show({ given, transport, ca, certificate }) {
    await DO.make({ given, transport, ca, options: { cert: certificate, key: certificate } });
  },
  /** Make one whose tokens live that long, and are made anew as long before their end. */
  async renewing({ given, transport, ca, seconds, margin }) {
    const provider = sdk.SharedAccessKeyAuthenticationProvider.fromConnectionString(...given);
    provider.setTokenRenewalValues(seconds, margin);
    await DO.make({ by: 'fromAuthenticationProvider', given: [provider], transport, ca });
  },
  async open() {
    await client.open();
  },
  async close() {
    await client.close();
  },
  async updateToken({ token }) {
    await client.updateSharedAccessSignature(token);
  },
  never: () => client.setRetryPolicy(new NoRetry()),
  async twin() {
    twin = watched('Twin', await client.getTwin());
    return { desired: twin.properties.desired, reported: plain(twin.properties.reported) };
  },
  async again() {
    await twin.get();
    return { desired: twin.properties.desired, reported: plain(twin.properties.reported) };
  },
  desired: () => void twin.on('properties.desired', (patch) => told('desired', { patch })),
  report: ({ patch }) => new Promise((resolve, reject) => {
    twin.properties.reported.update(patch, (error) => (error ? reject(error) : resolve()));
  }),
  method: ({ name }) => void client.onDeviceMethod(name, answer),
  moduleMethod: ({ name }) => void client.onMethod(name, answer),
  messages: () => void client.on('message', async (message) => {
    heard(undefined, message);
    await client.complete(message);
  }),
  inputs: () => void client.on('inputMessage', heard),
  async send(said) {
    await client.sendEvent(messageOf(said));
  },
  async sendBatch({ bodies }) {
    await client.sendEventBatch(bodies.map((body) => messageOf({ body })));
  },
  async output({ output, ...said }) {
    await client.sendOutputEvent(output, messageOf(said));
  },
};

/** The reported properties without the SDK's own `update`. */
function plain(reported) {
  return JSON.parse(JSON.stringify(reported));
}

function tell(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, do: what, ...said } = JSON.parse(line);
  if (what === 'end') {
    process.stdout.write(`${JSON.stringify({ called: [...called].sort() })}\n`, () => process.exit(0));
    return;
  }
  try {
    tell({ id, result: (await DO[what](said)) ?? null });
  } catch (error) {
    tell({ id, error: { name: error.name, message: error.message } });
  }
}).on('close', () => process.exit(0));
