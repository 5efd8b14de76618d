//! Reading a backup, and making sure that it is whole before anything is done with it.

use std::collections::HashMap;
use std::io::{BufRead, Read, Seek};

use domain::group::GroupKind;
use zeroize::Zeroizing;

use super::record::{Counts, FORMAT, Head, Record, VERSION};
use super::seal::{Passphrase, Seal};
use super::{BackupError, BackupFault, StorageError};

/// No line is longer: a group is the longest thing there is, and the API takes none of more than a MiB.
const LINE_BYTES: u64 = 16 << 20;

/// A backup that was opened: its first line is read.
#[derive(Debug)]
pub struct Backup<R> {
    lines: Lines<R>,
    head: Head,
}

/// A backup that was read to its end and found in order.
#[derive(Debug)]
pub struct Checked<R> {
    lines: Lines<R>,
    groups: HashMap<String, GroupKind>,
    counts: Counts,
}

#[derive(Debug)]
struct Lines<R> {
    file: R,
    /// Lines read.
    number: u64,
    seal: Option<Seal>,
}

impl<R: BufRead + Seek> Backup<R> {
    /// Reads the first line of a file from where it stands.
    pub fn open(file: R) -> Result<Self, BackupError> {
        let mut lines = Lines { file, number: 0, seal: None };
        let line = lines.next_bytes()?.ok_or(BackupFault::NoBackup)?;
        let version: Versioned = serde_json::from_slice(&line).map_err(|_| BackupFault::NoBackup)?;
        match version {
            Versioned { format, .. } if format != FORMAT => Err(BackupFault::NoBackup.into()),
            Versioned { version: found, .. } if found > VERSION => {
                Err(BackupFault::TooNew { found, known: VERSION }.into())
            }
            _ => {
                let damaged = BackupFault::Damaged { line: 1, reason: "it says nothing known of the seal" };
                Ok(Self { lines, head: serde_json::from_slice(&line).map_err(|_| damaged)? })
            }
        }
    }

    /// Whether only a passphrase opens it.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.head.seal.is_some()
    }

    /// Reads everything, which takes some seconds for a million keys.
    pub fn check(mut self, passphrase: Option<&Passphrase>) -> Result<Checked<R>, BackupError> {
        if let Some(head) = &self.head.seal {
            let passphrase = passphrase.ok_or(BackupFault::NoPassphrase)?;
            self.lines.seal = Some(Seal::of(head, passphrase).map_err(StorageError::from)?);
        }
        let (mut groups, mut counts) = (HashMap::new(), Counts::default());
        loop {
            let record = self.lines.next_record()?;
            if let Some(reason) = fault(&record, &mut groups) {
                return Err(self.lines.damaged(reason).into());
            }
            counts.add(&record);
            if let Record::End(told) = record {
                counts.left_out = told.left_out;
                if counts != told {
                    return Err(self.lines.damaged("it counts other lines than there are").into());
                }
                return match self.lines.next_bytes()? {
                    None => Ok(Checked { lines: self.lines, groups, counts }),
                    Some(_) => Err(self.lines.damaged("it comes after the last one").into()),
                };
            }
        }
    }
}

impl<R: BufRead + Seek> Checked<R> {
    /// How much there is in it.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The names of its groups.
    pub(super) fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.keys().map(String::as_str)
    }

    /// Begins anew, at the first record.
    pub(super) fn rewind(&mut self) -> Result<(), BackupError> {
        self.lines.file.rewind()?;
        self.lines.number = 0;
        if let Some(seal) = &mut self.lines.seal {
            seal.rewind();
        }
        self.lines.next_bytes().map(drop)
    }

    pub(super) fn next_record(&mut self) -> Result<Record, BackupError> {
        self.lines.next_record()
    }
}

impl<R: BufRead> Lines<R> {
    fn next_record(&mut self) -> Result<Record, BackupError> {
        let line = self.next_bytes()?.ok_or(BackupFault::Cut { line: self.number })?;
        let line = match &mut self.seal {
            None => line,
            Some(seal) => seal.open(&line).ok_or(match self.number {
                2 => BackupFault::WrongPassphrase,
                _ => self.damaged("it is not what was sealed in this place"),
            })?,
        };
        // Not with the parser's words: they quote what may be a key.
        Ok(serde_json::from_slice(&line).map_err(|_| self.damaged("it is none that a backup has"))?)
    }

    /// A line without its end; `None` behind the last. One that has no end was cut.
    fn next_bytes(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, BackupError> {
        let mut line = Zeroizing::new(Vec::new());
        self.file.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.pop_if(|last| *last == b'\n').is_none() {
            let cut = BackupFault::Cut { line: self.number };
            return Err(if self.number == 0 { BackupFault::NoBackup } else { cut }.into());
        }
        line.pop_if(|last| *last == b'\r');
        self.number += 1;
        Ok(Some(line))
    }

    fn damaged(&self, reason: &'static str) -> BackupFault {
        BackupFault::Damaged { line: self.number, reason }
    }
}

/// What is wrong with a record in its place. Groups seen so far are known by their names.
fn fault(record: &Record, groups: &mut HashMap<String, GroupKind>) -> Option<&'static str> {
    let kind = |name: &String| groups.get(name).copied();
    match record {
        Record::Group(group) if group.spec.name.is_empty() => Some("a group has no name"),
        Record::Group(group) => {
            let before = groups.insert(group.spec.name.clone(), group.spec.kind);
            before.map(|_| "a group of this name came before")
        }
        Record::SubGroup(link) => match (kind(&link.group), kind(&link.sub_group)) {
            (Some(GroupKind::Aggregate), Some(GroupKind::Standard)) => None,
            _ => Some("no such groups came before"),
        },
        Record::Key(key) => kind(&key.group).is_none().then_some("no such group came before"),
        Record::Setting(_) | Record::End(_) => None,
    }
}

#[derive(serde::Deserialize)]
struct Versioned {
    format: String,
    version: u32,
}
