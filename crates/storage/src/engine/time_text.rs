//! Times as texts: how SQLite holds them, in the forms Go's driver writes.
//!
//! Read: `2026-11-23 17:50:06.401259054+08:00`, with a fraction of any length or none, a space or `T`, an offset, `Z`
//! or neither (UTC). Written: `2026-11-23 09:50:06.401+00:00`, always as long, so that the order of our texts is the
//! order of time.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};

/// The one form we write. Digits beyond the millisecond are cut off.
pub(crate) fn text(instant: Timestamp) -> String {
    form(instant, |ns| format!(".{:03}", ns / 1_000_000))
}

/// An hour of statistics, as 1.4.x writes it on a server in UTC, so that both programs count into the same row.
pub(crate) fn hour_text(instant: Timestamp) -> String {
    form(instant, |_| String::new())
}

/// [`text`] with all digits, for times that 1.4.x wrote.
pub(crate) fn exact_text(instant: Timestamp) -> String {
    form(instant, |ns| format!(".{ns:09}"))
}

fn form(instant: Timestamp, fraction: impl Fn(i32) -> String) -> String {
    let utc = TimeZone::UTC.to_datetime(instant);
    let (date, time) = (utc.date(), utc.time());
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}{}+00:00",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        fraction(time.subsec_nanosecond()),
    )
}

/// The instant of a stored text; `None` if it is in no form that we know.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.trim().split_at_checked(10)?;
    let date = Date::new(number(date.get(..4)?)?, number(part(date, 4, '-')?)?, number(part(date, 7, '-')?)?).ok()?;
    let Some(rest) = rest.strip_prefix([' ', 'T', 't']) else {
        return rest.is_empty().then(|| instant(date, Time::midnight(), Offset::UTC))?;
    };
    let (clock, rest) = rest.split_at_checked(8)?;
    let (nanosecond, offset) = fraction(rest)?;
    let (hour, minute, second) =
        (number(clock.get(..2)?)?, number(part(clock, 2, ':')?)?, number(part(clock, 5, ':')?)?);
    instant(date, Time::new(hour, minute, second, nanosecond).ok()?, parse_offset(offset.trim())?)
}

fn instant(date: Date, time: Time, offset: Offset) -> Option<Timestamp> {
    offset.to_timestamp(date.to_datetime(time)).ok()
}

/// The two digits that follow `separator` at `at`.
fn part(text: &str, at: usize, separator: char) -> Option<&str> {
    text.get(at..at + 3)?.strip_prefix(separator)
}

fn number<N: std::str::FromStr>(digits: &str) -> Option<N> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Nanoseconds of a text that may start with a fraction, and what follows it.
fn fraction(text: &str) -> Option<(i32, &str)> {
    let Some(rest) = text.strip_prefix('.') else { return Some((0, text)) };
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = rest.split_at_checked(length)?;
    let nine: String = digits.chars().chain(std::iter::repeat('0')).take(9).collect();
    Some((number(&nine)?, rest))
}

fn parse_offset(text: &str) -> Option<Offset> {
    if matches!(text, "" | "Z" | "z") {
        return Some(Offset::UTC);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours: i32 = number(text.get(1..3)?)?;
    let minutes: i32 = number(part(text, 3, ':')?)?;
    if text.len() != 6 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 60 + minutes) * 60).ok()
}

#[cfg(test)]
mod tests;
