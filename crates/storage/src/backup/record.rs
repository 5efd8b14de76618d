//! The lines of a backup.

use domain::group::GroupSpec;
use domain::key::{Key, KeyStatus};
use domain::secret::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::seal::SealHead;

/// In the first line, for people and to know the file by.
pub(super) const FORMAT: &str = "gpt-load backup";
/// What is written here. A version that only adds members to objects keeps the number.
pub(super) const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) format: String,
    pub(super) version: u32,
    pub(super) created_at: Timestamp,
    /// `None`: the lines are in clear.
    pub(super) seal: Option<SealHead>,
}

/// Every further line: an object with one member, named after what it is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record {
    Setting(SettingRecord),
    Group(GroupRecord),
    /// After both groups.
    SubGroup(SubGroupRecord),
    /// After its group.
    Key(KeyRecord),
    /// The last line.
    End(Counts),
}

/// A changed setting, as the database holds it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SettingRecord {
    pub(super) key: String,
    pub(super) value: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct GroupRecord {
    pub(super) enabled: bool,
    pub(super) spec: GroupSpec,
}

/// A member of an aggregate, both by name: ids are the database's own.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SubGroupRecord {
    pub(super) group: String,
    pub(super) sub_group: String,
    pub(super) weight: u32,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeyRecord {
    pub(super) group: String,
    #[serde(serialize_with = "exposed", deserialize_with = "secret")]
    pub(super) key: Secret,
    pub(super) status: KeyStatus,
    pub(super) notes: String,
    pub(super) request_count: i64,
    pub(super) failure_count: i64,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) last_error: Option<String>,
    pub(super) last_error_at: Option<Timestamp>,
    pub(super) last_status: Option<u16>,
    pub(super) created_at: Timestamp,
}

impl KeyRecord {
    pub(super) fn new(group: &str, secret: Secret, key: Key) -> Self {
        Self {
            group: group.to_owned(),
            key: secret,
            status: key.status,
            notes: key.notes,
            request_count: key.request_count,
            failure_count: key.failure_count,
            last_used_at: key.last_used_at,
            last_error: key.last_error,
            last_error_at: key.last_error_at,
            last_status: key.last_status,
            created_at: key.created_at,
        }
    }
}

/// How much a backup holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Settings that were changed.
    pub settings: u64,
    /// Groups, aggregates included.
    pub groups: u64,
    /// Members of aggregates.
    pub sub_groups: u64,
    /// Keys of all groups.
    pub keys: u64,
    /// Keys that the database holds and the backup doesn't: the `ENCRYPTION_KEY` of the time did not open them.
    #[serde(default)]
    pub left_out: u64,
}

impl Counts {
    pub(super) fn add(&mut self, record: &Record) {
        match record {
            Record::Setting(_) => self.settings += 1,
            Record::Group(_) => self.groups += 1,
            Record::SubGroup(_) => self.sub_groups += 1,
            Record::Key(_) => self.keys += 1,
            Record::End(_) => {}
        }
    }
}

fn exposed<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::from)
}
