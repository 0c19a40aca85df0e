"""Every error this package raises on purpose.

Grouped by what the caller can do about it, so that one ``except`` is one decision:

AffinageError
├── Invalid                     change the request: it can never succeed as it stands
│   ├── Missing                 a required member is absent
│   ├── Malformed               it is not even the right type
│   │   └── NotJson             it cannot be read at all
│   ├── QuerySyntaxError        the text is not a query; shows the place
│   ├── InvalidTargetCondition  ├── InvalidContent  ├── ImmutableContent  ├── InvalidMetric
│   ├── InvalidDeviceScope      ├── DefinedTwice    ├── SystemModule    ├── UnknownGroup
│   ├── InvalidOperation        ├── InvalidPolicyKey        ├── NoUploads
│   ├── NoSuchUpload            ├── UploadExpired           ├── NoBlob
│   ├── InvalidJsonPatch        a digital twin's: it is none
│   │   ├── InvalidPatchValue   ├── InvalidPatchStep    └── InvalidPatchPath
│   └── UnknownApiVersion       └── MethodNotAllowed
├── Unauthorized                prove who you are
│   ├── Challenged              answer the challenge, and come again
│   └── Forbidden               you are known, and may not
│       └── Disabled            the identity is switched off
├── NotFound                    create it first, or stop asking
│   ├── DeviceNotFound          ├── ModuleNotFound          ├── ConfigurationNotFound
│   ├── DeviceNotOnline         ├── DeviceLeft              ├── JobNotFound
│   ├── PolicyNotFound          ├── AuditEntryNotFound
│   ├── GroupNotFound           ├── MetricNotFound          ├── EnrollmentNotFound
│   ├── HubNotFound             ├── NoFile
│   ├── RegistrationNotFound    ├── CertificateNotFound     └── NoSuchPath
├── Conflict                    read again, decide again, try again
│   ├── EtagMismatch            ├── VersionMismatch
│   ├── DeviceExists            ├── ModuleExists            ├── ConfigurationExists
│   ├── GroupExists             ├── GroupInUse              ├── CannotReplace
│   ├── PolicyExists            ├── JobExists               ├── EnrollmentExists
│   ├── HubLinked
│   ├── CertificateExists       ├── BlobExists              └── LockLost
├── TooLarge                    send less
│   ├── TooManyEntries          ├── TooManyModules          ├── TooManyConfigurations
│   ├── TooManyGroups           ├── TooManyPolicies         ├── TooManyJobs
│   ├── TooManyCalls            ├── TooManyMessages         ├── MessageTooLarge
│   ├── TooManyHubs
│   ├── TooManyEnrollments      ├── TooManyCertificates     ├── TooManyUploads
│   └── BodyTooLarge
├── Throttled                   wait as long as it says
└── Unavailable                 try the same thing again; a write *may* have happened
    └── NoAnswer                └── BadAnswer

``code`` is part of the API and never changes; the message is for people and may. A message names
the thing and, for a limit, both numbers; it never holds a secret.
"""

from affinage.domain.refusals import AffinageError as AffinageError
from affinage.domain.refusals import Challenged as Challenged
from affinage.domain.refusals import Conflict as Conflict
from affinage.domain.refusals import Forbidden as Forbidden
from affinage.domain.refusals import Invalid as Invalid
from affinage.domain.refusals import MethodNotAllowed as MethodNotAllowed
from affinage.domain.refusals import NotFound as NotFound
from affinage.domain.refusals import QuerySyntaxError as QuerySyntaxError
from affinage.domain.refusals import Throttled as Throttled
from affinage.domain.refusals import TooLarge as TooLarge
from affinage.domain.refusals import Unauthorized as Unauthorized
from affinage.domain.refusals import Unavailable as Unavailable


class Missing(Invalid):
    code = "missing"


class Malformed(Invalid):
    code = "malformed"


class NotJson(Malformed):
    code = "not_json"


class InvalidTargetCondition(Invalid):
    code = "invalid_target_condition"


class InvalidContent(Invalid):
    code = "invalid_content"


class ImmutableContent(Invalid):
    code = "immutable_content"


class InvalidMetric(Invalid):
    code = "invalid_metric"


class InvalidDeviceScope(Invalid):
    code = "invalid_device_scope"


class DefinedTwice(Invalid):
    """One id, twice in a request whose entries stand for themselves."""

    code = "defined_twice"


class SystemModule(Invalid):
    """The hub alone makes and removes it."""

    code = "system_module"


class UnknownGroup(Invalid):
    """A condition names a group that there is not."""

    code = "unknown_group"


class InvalidOperation(Invalid):
    """Fine in itself, but not for what it is asked of."""

    code = "invalid_operation"


class InvalidPolicyKey(Invalid):
    """It names neither key of an identity, nor both."""

    code = "invalid_policy_key"


class InvalidJsonPatch(Invalid):
    code = "invalid_json_patch"


class InvalidPatchValue(InvalidJsonPatch):
    code = "invalid_patch_value"


class InvalidPatchStep(InvalidJsonPatch):
    """It would replace or remove what is not there, or puts something below nothing."""

    code = "invalid_patch_step"


class InvalidPatchPath(InvalidJsonPatch):
    code = "invalid_patch_path"


class UnknownApiVersion(Invalid):
    code = "unknown_api_version"


class Disabled(Forbidden):
    code = "disabled"


class DeviceNotFound(NotFound):
    code = "device_not_found"


class ModuleNotFound(NotFound):
    code = "module_not_found"


class ConfigurationNotFound(NotFound):
    code = "configuration_not_found"


class DeviceNotOnline(NotFound):
    """It exists, and nobody can ask it for anything now."""

    code = "device_not_online"


class JobNotFound(NotFound):
    code = "job_not_found"


class DeviceLeft(NotFound):
    """Its connection ended before it had answered; it may have done what it was asked for."""

    code = "device_left"


class AuditEntryNotFound(NotFound):
    code = "audit_entry_not_found"


class PolicyNotFound(NotFound):
    code = "policy_not_found"


class CertificateNotFound(NotFound):
    code = "certificate_not_found"


class GroupNotFound(NotFound):
    code = "group_not_found"


class MetricNotFound(NotFound):
    code = "metric_not_found"


class NoFile(NotFound):
    """No device has uploaded a file of that name."""

    code = "file_not_found"


class HubNotFound(NotFound):
    """Devices are given to no hub of that name."""

    code = "hub_not_found"


class EnrollmentNotFound(NotFound):
    code = "enrollment_not_found"


class RegistrationNotFound(NotFound):
    code = "registration_not_found"


class NoSuchPath(NotFound):
    code = "no_such_path"


class BlobExists(Conflict):
    """It was to be written only if it was not there."""

    code = "blob_exists"


class EtagMismatch(Conflict):
    """Someone else changed it between the caller's read and the caller's write."""

    code = "etag_mismatch"


class VersionMismatch(Conflict):
    """The section is not at the version that the caller expected."""

    code = "version_mismatch"


class DeviceExists(Conflict):
    code = "device_exists"


class ModuleExists(Conflict):
    code = "module_exists"


class PolicyExists(Conflict):
    code = "policy_exists"


class CertificateExists(Conflict):
    """The name is taken, or the certificate is there under another name."""

    code = "certificate_exists"


class ConfigurationExists(Conflict):
    code = "configuration_exists"


class JobExists(Conflict):
    code = "job_exists"


class HubLinked(Conflict):
    """Devices are given to that hub already."""

    code = "hub_linked"


class EnrollmentExists(Conflict):
    code = "enrollment_exists"


class GroupExists(Conflict):
    code = "group_exists"


class GroupInUse(Conflict):
    """Conditions name it: they would mean something else without it."""

    code = "group_in_use"


class CannotReplace(Conflict):
    """One device cannot take the place of another as the two are now."""

    code = "cannot_replace"


class LockLost(Conflict):
    """The lock has ended: what it held may have been given to another."""

    code = "lock_lost"


class TooManyEntries(TooLarge):
    code = "too_many_entries"


class TooManyModules(TooLarge):
    code = "too_many_modules"


class TooManyPolicies(TooLarge):
    code = "too_many_policies"


class TooManyCertificates(TooLarge):
    """Of authorities that devices are known by."""

    code = "too_many_certificates"


class TooManyConfigurations(TooLarge):
    code = "too_many_configurations"


class TooManyJobs(TooLarge):
    code = "too_many_jobs"


class TooManyGroups(TooLarge):
    code = "too_many_groups"


class TooManyCalls(TooLarge):
    """Direct methods that one device has not answered yet."""

    code = "too_many_calls"


class TooManyMessages(TooLarge):
    """Messages that wait for one device."""

    code = "too_many_messages"


class MessageTooLarge(TooLarge):
    code = "message_too_large"


class TooManyHubs(TooLarge):
    """Hubs that devices are given to."""

    code = "too_many_hubs"


class TooManyEnrollments(TooLarge):
    """Enrollments, groups of them, or registrations."""

    code = "too_many_enrollments"


class NoUploads(Invalid):
    """The hub has no place for files."""

    code = "no_uploads"


class NoSuchUpload(Invalid):
    """It never began, or has ended."""

    code = "no_such_upload"


class UploadExpired(Invalid):
    code = "upload_expired"


class NoBlob(Invalid):
    """An upload is said to have succeeded, and there is nothing."""

    code = "no_blob"


class TooManyUploads(TooLarge):
    code = "too_many_uploads"


class BodyTooLarge(TooLarge):
    """A request's body; it has not been read."""

    code = "body_too_large"


class NoAnswer(Unavailable):
    """The device was asked and said nothing in time; it may have done what it was asked for."""

    code = "no_answer"


class BadAnswer(Unavailable):
    """The device answered with what is no answer."""

    code = "bad_answer"
