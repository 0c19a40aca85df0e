'use strict';

// Prints what users of the SDK may call: for each class that it exports, or that its methods give,
// the public methods, as a JSON object.

const sdk = require('azure-iothub');
const { Query } = require('azure-iothub/dist/query');

const OF_EVERY_CLASS = new Set(['length', 'name', 'prototype']);
const OF_EVERY_OBJECT = new Set(['constructor']);

/** Those of the class itself, and those of what it makes; not what begins with `_`. */
function methods(kind) {
  const ofClass = Object.getOwnPropertyNames(kind).filter((name) => !OF_EVERY_CLASS.has(name));
  const ofObject = Object.getOwnPropertyNames(kind.prototype).filter((name) => !OF_EVERY_OBJECT.has(name));
  return [...ofClass, ...ofObject].filter((name) => !name.startsWith('_'));
}

const isClass = (exported) => typeof exported === 'function' && exported.prototype?.constructor === exported;
const classes = Object.entries({ ...sdk, Query }).filter(([, exported]) => isClass(exported));

console.log(JSON.stringify(Object.fromEntries(classes.map(([name, kind]) => [name, methods(kind)]))));
