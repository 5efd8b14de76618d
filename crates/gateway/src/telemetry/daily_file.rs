//! A log file with one day in it: the name stays, and at midnight UTC what it holds moves to `NAME.YYYY-MM-DD`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Tells the time; another one in tests.
type Clock = Box<dyn Fn() -> Timestamp + Send>;

/// Writes to the file at `path`, of which `day` is the day.
pub(super) struct DailyFile {
    path: PathBuf,
    file: File,
    day: Date,
    clock: Clock,
}

impl DailyFile {
    /// Opens the file, and its folder, or creates them. What it holds of an earlier day is moved away.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::with_clock(path, Box::new(Timestamp::now))
    }

    fn with_clock(path: &Path, clock: Clock) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = append(path)?;
        let metadata = file.metadata()?;
        let written = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
        let day = utc_day(written.filter(|_| metadata.len() > 0).unwrap_or_else(&*clock));
        Ok(Self { path: path.to_owned(), file, day, clock })
    }

    /// A file that can't be moved is written on: better in the wrong file than lost.
    fn turn_page(&mut self) {
        let today = utc_day((self.clock)());
        if today == self.day {
            return;
        }
        let _ = self.file.flush();
        let archive = PathBuf::from(format!("{}.{}", self.path.display(), self.day));
        if !archive.exists()
            && fs::rename(&self.path, archive).is_ok()
            && let Ok(file) = append(&self.path)
        {
            self.file = file;
        }
        self.day = today;
    }
}

impl Write for DailyFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.turn_page();
        self.file.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

fn utc_day(time: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(time).date()
}

#[cfg(test)]
mod tests;
