//! `GET /api/logs/export`: the keys that stand in the log, as CSV (RFC 4180).

use axum::extract::State;
use bytes::Bytes;
use futures_util::{Stream, stream};
use jiff::Timestamp;
use storage::logs::{LogFilter, LoggedKey};
use storage::{Db, StorageError};

use super::Wanted;
use crate::admin::Parts;
use crate::admin::attachment::{Attachment, Csv};
use crate::admin::extract::Params;

/// Keys read in one step.
const STEP: u32 = 1000;
const HEAD: &str = "key_value,group_name,status_code\n";

/// Each key of the rows that the filters let through, once, with group and status of its latest one.
pub async fn export(State(context): Parts, Params(wanted): Params<Wanted>) -> Attachment<Csv> {
    let now = Timestamp::now();
    let time = context.time_zone.to_datetime(now).strftime("%Y%m%d%H%M%S");
    let pages = pages(context.db.clone(), wanted.into(), now);
    Attachment::new(&format!("log_keys_export_{time}.csv"), pages)
}

fn pages(db: Db, filter: LogFilter, now: Timestamp) -> impl Stream<Item = Result<Bytes, StorageError>> {
    let first = Some((String::new(), HEAD));
    stream::try_unfold((db, filter, first), move |(db, filter, next)| async move {
        let Some((after, head)) = next else { return Ok(None) };
        let page = db.logged_keys(&filter, &after, STEP, now).await?;
        let is_full = page.len() == STEP as usize;
        let lines = head.to_owned() + &page.iter().map(line).collect::<String>();
        let next = page.into_iter().last().filter(|_| is_full).map(|key| (key.hash, ""));
        Ok(Some((Bytes::from(lines), (db, filter, next))))
    })
}

fn line(key: &LoggedKey) -> String {
    format!("{},{},{}\n", field(key.key.expose()), field(&key.group_name), key.status_code)
}

fn field(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_quoted_where_it_must_be() {
        let cases = [("sk-1", "sk-1"), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""), ("a\nb", "\"a\nb\"")];
        for (text, expected) in cases {
            assert_eq!(field(text), expected);
        }
    }
}
