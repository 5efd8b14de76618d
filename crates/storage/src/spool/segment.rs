//! The format of a segment: a header, then frames.
//!
//! Header, 32 bytes: `GLSPOOL\0`, version (u32), the spool's id (16 bytes), CRC-32 of these. Frame: length (u32) and
//! CRC-32 (u32) of what follows, an [`Entry`] in postcard's encoding. Numbers are little-endian.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{SpoolRecord, Tally};

/// What this program writes, and the latest it reads.
pub(super) const VERSION: u32 = 1;
pub(super) const HEADER_BYTES: u64 = HEADER as u64;
const HEADER: usize = 32;
const MAGIC: [u8; 8] = *b"GLSPOOL\0";
const FRAME_HEAD_BYTES: u64 = 8;
/// Most entries are shorter, and take a single allocation.
const USUAL_BYTES: usize = 1024;

/// What a frame holds. Variants are told apart by their place.
#[derive(Deserialize)]
pub(super) enum Entry {
    Row(Box<SpoolRecord<'static>>),
    Tally(Tally),
}

/// [`Entry`] without owning it.
#[derive(Serialize)]
pub(super) enum EntryRef<'e> {
    Row(&'e SpoolRecord<'e>),
    Tally(&'e Tally),
}

pub(super) struct Header {
    pub(super) version: u32,
    pub(super) spool_id: Uuid,
}

/// Numbers of the segments in `dir`, ascending.
pub(super) fn numbers(dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let number: Option<u64> = name.to_str().and_then(|name| name.strip_suffix(".spool")?.parse().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The number of a new segment after `last`: the time, so that it never takes the place of one that a power cut took
/// away.
pub(super) fn next_number(last: u64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (last + 1).max(u64::try_from(now.as_millis()).unwrap_or_default())
}

pub(super) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:015}.spool"))
}

pub(super) fn header_bytes(spool_id: Uuid) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(spool_id.as_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// The header of a segment; `None` if it is damaged or was never finished.
pub(super) fn header(path: &Path) -> io::Result<Option<Header>> {
    let mut bytes = [0; HEADER];
    match File::open(path)?.read_exact(&mut bytes) {
        Ok(()) => Ok(parse_header(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn parse_header(bytes: &[u8]) -> Option<Header> {
    let (magic, rest) = bytes.split_first_chunk::<8>()?;
    let (version, rest) = rest.split_first_chunk::<4>()?;
    let (spool_id, rest) = rest.split_first_chunk::<16>()?;
    let good = *magic == MAGIC && rest == crc32fast::hash(bytes.get(..28)?).to_le_bytes();
    good.then(|| Header { version: u32::from_le_bytes(*version), spool_id: Uuid::from_bytes(*spool_id) })
}

/// Adds a frame to `bytes`.
pub(super) fn push(bytes: &mut Vec<u8>, entry: &EntryRef<'_>) -> io::Result<()> {
    let payload = postcard::to_extend(entry, Vec::with_capacity(USUAL_BYTES)).map_err(io::Error::other)?;
    let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
    bytes.extend(length.to_le_bytes());
    bytes.extend(crc32fast::hash(&payload).to_le_bytes());
    bytes.extend(payload);
    Ok(())
}

/// What [`read`] found.
pub(super) struct Frames {
    pub(super) entries: Vec<Entry>,
    /// Where the next frame starts.
    pub(super) end: u64,
    /// Frames that are whole and hold nothing we know.
    pub(super) unreadable: usize,
    /// Bytes from `end` to the segment's end that hold no whole frame; 0 while there may be more frames.
    pub(super) torn_bytes: u64,
}

/// Reads whole frames from `start` on, up to `end`, about `at_most_bytes` of them and `at_most` frames.
pub(super) fn read(
    path: &Path,
    start: u64,
    end: Option<u64>,
    at_most: usize,
    at_most_bytes: u64,
) -> io::Result<Frames> {
    let mut file = File::open(path)?;
    let end = end.map_or_else(|| Ok(file.metadata()?.len()), io::Result::Ok)?;
    let mut frames = Frames { entries: Vec::new(), end: start, unreadable: 0, torn_bytes: 0 };
    if header(path)?.is_none() {
        frames.torn_bytes = end;
        return Ok(frames);
    }
    file.seek(SeekFrom::Start(start))?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    while frames.end < end && frames.entries.len() < at_most && frames.end - start < at_most_bytes {
        let Some(payload) = next_payload(&mut reader, end - frames.end)? else {
            frames.torn_bytes = end - frames.end;
            break;
        };
        frames.end += FRAME_HEAD_BYTES + payload.len() as u64;
        match postcard::from_bytes(&payload) {
            Ok(entry) => frames.entries.push(entry),
            Err(_) => frames.unreadable += 1,
        }
    }
    Ok(frames)
}

/// The next frame's payload, if it is whole. `left`: bytes that there are.
fn next_payload(reader: &mut impl Read, left: u64) -> io::Result<Option<Vec<u8>>> {
    if left < FRAME_HEAD_BYTES {
        return Ok(None);
    }
    let (mut length, mut sum) = ([0; 4], [0; 4]);
    reader.read_exact(&mut length)?;
    reader.read_exact(&mut sum)?;
    let length = u32::from_le_bytes(length);
    // A power cut leaves zeros, and no entry is empty.
    if length == 0 || u64::from(length) > left - FRAME_HEAD_BYTES {
        return Ok(None);
    }
    let mut payload = vec![0; length as usize];
    reader.read_exact(&mut payload)?;
    Ok((crc32fast::hash(&payload).to_le_bytes() == sum).then_some(payload))
}
