'use strict';

// Prints what users of the device SDK may call, as a JSON object: for each class, the public methods
// of it and of what it makes, also those that it inherits from the SDK's own.

const { Client, ModuleClient } = require('azure-iot-device');
const { InternalClient } = require('azure-iot-device/dist/internal_client');
const { Twin } = require('azure-iot-device/dist/twin');

const OF_EVERY_CLASS = new Set(['length', 'name', 'prototype']);

function methods(...kinds) {
  const ofClasses = kinds.flatMap(Object.getOwnPropertyNames).filter((name) => !OF_EVERY_CLASS.has(name));
  const ofObjects = kinds.flatMap((kind) => Object.getOwnPropertyNames(kind.prototype));
  const names = [...ofClasses.filter((name) => kinds.some((kind) => typeof kind[name] === 'function')), ...ofObjects];
  return [...new Set(names)].filter((name) => name !== 'constructor' && !name.startsWith('_'));
}

console.log(JSON.stringify({
  Client: methods(Client, InternalClient),
  ModuleClient: methods(ModuleClient, InternalClient),
  Twin: methods(Twin),
}));
