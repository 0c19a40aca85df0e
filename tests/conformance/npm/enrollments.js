'use strict';

// Asks all that a back end may of the hub whose provisioning CONNECTION_STRING describes, with the
// SDK as it was published; prints {"case", "error"} for each, a JSON object a line.

const assert = require('node:assert');
const { ProvisioningServiceClient } = require('azure-iot-provisioning-service');

const client = ProvisioningServiceClient.fromConnectionString(process.env.CONNECTION_STRING);
const certificate = process.env.CERTIFICATE;

const KEY = Buffer.alloc(32, 7).toString('base64');
const keys = { primaryKey: KEY, secondaryKey: KEY };
const bySymmetricKey = { type: 'symmetricKey', symmetricKey: keys };

const single = (registrationId, more) => ({ registrationId, attestation: bySymmetricKey, ...more });
const group = (enrollmentGroupId, more) => ({
  enrollmentGroupId,
  attestation: bySymmetricKey,
  ...more,
});

async function refused(promise, status) {
  const error = await promise.then(() => null, (found) => found);
  assert(error, 'it was not refused');
  assert.strictEqual((error.response || error).statusCode, status, error.message);
}

/** All rows of a query, two at a time. */
async function rows(query) {
  const found = [];
  do {
    const page = await query.next(query.continuationToken);
    found.push(...(page.responseBody || page.result));
  } while (query.hasMoreResults);
  return found;
}

/** It keeps its promise only to who gives it a callback. */
const bulk = (operation) => new Promise((resolve, reject) => {
  client.runBulkEnrollmentOperation(operation, (error, result) => {
    if (error) reject(error);
    else resolve(result);
  });
});

const CASES = {
  'an individual enrollment is made, read, changed and deleted': async () => {
    const twin = { tags: { ring: 'a' }, properties: { desired: { speed: 3 } } };
    const made = (await client.createOrUpdateIndividualEnrollment(
      single('one', { initialTwin: twin, provisioningStatus: 'enabled' }),
    )).responseBody;
    assert.deepStrictEqual(made.initialTwin, twin);
    const read = (await client.getIndividualEnrollment('one')).responseBody;
    assert.strictEqual(read.etag, made.etag);
    read.provisioningStatus = 'disabled';
    const changed = (await client.createOrUpdateIndividualEnrollment(read)).responseBody;
    assert.strictEqual(changed.provisioningStatus, 'disabled');
    await refused(client.createOrUpdateIndividualEnrollment(read), 412);
    await client.deleteIndividualEnrollment(changed);
    await refused(client.getIndividualEnrollment('one'), 404);
  },

  'a group is made, read, changed and deleted': async () => {
    const x509 = { signingCertificates: { primary: { certificate } } };
    const made = (await client.createOrUpdateEnrollmentGroup(
      group('Plant', { attestation: { type: 'x509', x509 } }),
    )).responseBody;
    const { info } = made.attestation.x509.signingCertificates.primary;
    assert(info.sha1Thumbprint && info.subjectName && info.notAfterUtc);
    made.provisioningStatus = 'disabled';
    const changed = (await client.createOrUpdateEnrollmentGroup(made)).responseBody;
    assert.strictEqual((await client.getEnrollmentGroup('plant')).responseBody.etag, changed.etag);
    await client.deleteEnrollmentGroup('Plant', changed.etag);
    await refused(client.getEnrollmentGroup('Plant'), 404);
  },

  'keys are shown by the attestation mechanism alone': async () => {
    await client.createOrUpdateIndividualEnrollment(single('keyed'));
    await client.createOrUpdateEnrollmentGroup(group('keyed'));
    const own = (await client.getIndividualEnrollmentAttestationMechanism('keyed')).responseBody;
    const its = (await client.getEnrollmentGroupAttestationMechanism('keyed')).responseBody;
    assert.deepStrictEqual([own.symmetricKey, its.symmetricKey], [keys, keys]);
    const read = (await client.getIndividualEnrollment('keyed')).responseBody;
    assert.strictEqual((read.attestation.symmetricKey || {}).primaryKey, undefined);
  },

  'several are made and deleted at once': async () => {
    const enrollments = ['b1', 'b2', 'b3'].map((name) => single(name));
    const made = await bulk({ mode: 'create', enrollments });
    assert.deepStrictEqual(made, { isSuccessful: true, errors: [] });
    const again = await bulk({ mode: 'create', enrollments });
    assert.deepStrictEqual([again.isSuccessful, again.errors.length], [false, 3]);
  },

  'queries give all, page by page': async () => {
    const query = { query: 'SELECT * FROM enrollments' };
    const found = await rows(client.createIndividualEnrollmentQuery(query, 2));
    assert(['b1', 'b2', 'b3'].every((id) => found.some((one) => one.registrationId === id)));
    const groups = await rows(client.createEnrollmentGroupQuery({ query: 'SELECT *' }, 1));
    assert(groups.some((one) => one.enrollmentGroupId === 'keyed'));
    const registered = await rows(
      client.createEnrollmentGroupDeviceRegistrationStateQuery({ query: 'SELECT *' }, 'keyed', 2),
    );
    assert.deepStrictEqual(registered, []);
  },

  'a registration that there is not is told so': async () => {
    await refused(client.getDeviceRegistrationState('nobody'), 404);
    await refused(client.deleteDeviceRegistrationState('nobody'), 404);
  },
};

(async () => {
  for (const [name, run] of Object.entries(CASES)) {
    const error = await run().then(() => null, (found) => found.stack);
    process.stdout.write(`${JSON.stringify({ case: name, error })}\n`);
  }
})();
