//! `GET` and `POST /api/backup`: groups, keys and settings as a file, and back.
//!
//! The passphrase comes in a header, for addresses are logged on their way.

use std::convert::Infallible;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Seek};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use bytes::Bytes;
use domain::secret::Secret;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::request::Parts as Head;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use storage::backup::{Backup, BackupError, BackupFault, Checked, Existing, Export, Passphrase};
use tokio::io::AsyncWriteExt;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::Parts;
use super::attachment::{Attachment, JsonLines};
use super::error::ApiError;
use super::extract::Params;
use super::messages::Message;
use super::reply::{Data, Reply};
use crate::key_store;

/// The header with the passphrase, as UTF-8.
pub const PASSPHRASE: &str = "x-backup-passphrase";
/// Longest backup that is taken, in bytes: some ten million keys.
const LIMIT: u64 = 4 << 30;

/// How the backup is wanted.
#[derive(JsonSchema, Deserialize)]
pub struct Wanted {
    /// Nothing is encrypted.
    plain: Option<bool>,
}

/// How a backup is to be restored.
#[derive(JsonSchema, Deserialize)]
pub struct Manner {
    /// Groups and settings that exist stay as they are; otherwise nothing is restored if a group exists.
    keep_existing: Option<bool>,
}

/// What was restored.
#[derive(JsonSchema, Serialize)]
pub struct RestoreReply {
    groups: u64,
    sub_groups: u64,
    keys: u64,
    settings: u64,
    /// Names of the groups that stayed as they are.
    kept_groups: Vec<String>,
}

/// The backup, streamed. One that breaks off lacks its last line, so that nobody takes it for whole.
pub async fn export(
    State(context): Parts,
    GivenPassphrase(passphrase): GivenPassphrase,
    Params(wanted): Params<Wanted>,
) -> Result<Attachment<JsonLines>, ApiError> {
    if passphrase.is_none() && wanted.plain != Some(true) {
        return Err(BackupError::from(BackupFault::NoPassphrase).into());
    }
    let db = context.db.clone();
    let mut export = blocking(move || Export::new(db, passphrase.as_ref())).await??;
    let beginning = export.next().await?;
    let rest = stream::try_unfold(export, async |mut export| {
        Ok::<_, BackupError>(export.next().await?.map(|lines| (lines, export)))
    });
    let lines = stream::iter(beginning.map(Ok)).chain(rest).map_ok(Bytes::from);
    let time = context.time_zone.to_datetime(Timestamp::now()).strftime("%Y%m%d%H%M%S");
    Ok(Attachment::new(&format!("gpt-load-backup-{time}.jsonl"), lines))
}

/// Restores a backup, all of it or nothing. It is in force when the answer leaves.
pub async fn restore(
    State(context): Parts,
    GivenPassphrase(passphrase): GivenPassphrase,
    Params(manner): Params<Manner>,
    BackupBody(body): BackupBody,
) -> Reply<RestoreReply> {
    let file = received(&context.data_dir, body, LIMIT).await?;
    let mut checked = blocking(move || check(file, passphrase.as_ref())).await??;
    let existing = if manner.keep_existing == Some(true) { Existing::Keep } else { Existing::Refuse };
    let _turn = context.edits.lock().await;
    let restored = context.db.restore(&mut checked, existing).await?;
    for group in restored.groups {
        key_store::load(&context.db, &context.keyring.pool(group), group).await?;
    }
    context.publisher.refresh().await?;
    let counts = restored.counts;
    Ok(Data(RestoreReply {
        groups: counts.groups,
        sub_groups: counts.sub_groups,
        keys: counts.keys,
        settings: counts.settings,
        kept_groups: restored.kept,
    }))
}

/// The passphrase of the request; none if it is empty, or no text.
pub struct GivenPassphrase(Option<Passphrase>);

impl<S: Send + Sync> FromRequestParts<S> for GivenPassphrase {
    type Rejection = Infallible;

    async fn from_request_parts(head: &mut Head, _: &S) -> Result<Self, Infallible> {
        let text = head.headers.get(PASSPHRASE).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
        Ok(Self(text.map(Secret::from).and_then(Passphrase::new)))
    }
}

/// A backup that is not read yet.
pub struct BackupBody(Body);

impl<S: Send + Sync> FromRequest<S> for BackupBody {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        Ok(Self(request.into_body()))
    }
}

/// Writes the body into a file without a name: it is checked to its end before it is used, and too long for memory.
async fn received(folder: &Path, body: Body, limit: u64) -> Result<File, ApiError> {
    let mut file = tokio::fs::File::from_std(nameless(folder).map_err(BackupError::File)?);
    let (mut body, mut length) = (body.into_data_stream(), 0);
    while let Some(chunk) = body.try_next().await.transpose() {
        let chunk = chunk.map_err(|error| ApiError::bad_request(&Message::UnreadableBody(error.to_string())))?;
        length += chunk.len() as u64;
        if length > limit {
            return Err(ApiError::bad_request(&Message::UnreadableBody(format!("it is longer than {limit} bytes"))));
        }
        file.write_all(&chunk).await.map_err(BackupError::File)?;
    }
    file.flush().await.map_err(BackupError::File)?;
    let mut file = file.into_std().await;
    file.rewind().map_err(BackupError::File)?;
    Ok(file)
}

/// A file that is gone when it is closed, whatever happens to the program.
fn nameless(folder: &Path) -> std::io::Result<File> {
    let name = folder.join(format!("restore-{}.partial", Uuid::new_v4()));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&name)?;
    std::fs::remove_file(&name)?;
    Ok(file)
}

fn check(file: File, passphrase: Option<&Passphrase>) -> Result<Checked<BufReader<File>>, BackupError> {
    Backup::open(BufReader::new(file))?.check(passphrase)
}

/// Runs what takes a core for long beside the tasks that others wait for.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    spawn_blocking(work).await.map_err(|error| BackupError::File(error.into()).into())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[tokio::test]
    async fn a_body_is_taken_up_to_the_limit_and_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = received(folder.path(), Body::from("12345"), 5).await.unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "12345");
        let error = received(folder.path(), Body::from("123456"), 5).await.unwrap_err();
        assert!(error.message().contains("longer than 5 bytes"), "{}", error.message());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
