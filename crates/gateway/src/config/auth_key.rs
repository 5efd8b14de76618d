//! The admin key of an operator who set none: random, kept in the data directory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use domain::secret::Secret;
use ring::rand::{SecureRandom, SystemRandom};

const FILE_NAME: &str = "auth-key";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 32 characters of 62 hold 190 bits.
const KEY_CHARS: usize = 32;

/// The key in `data_dir/auth-key`, and whether it was made just now.
///
/// The file appears whole, readable by its owner only. Of several processes that start at once, all get the same key.
///
/// # Errors
/// When the folder or file can't be read or written, or the file is empty.
pub fn load_or_create(data_dir: &Path) -> io::Result<(Secret, bool)> {
    let path = data_dir.join(FILE_NAME);
    match read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        found => return found.map(|key| (key, false)),
    }
    fs::create_dir_all(data_dir)?;
    let created = publish(&random_key()?, &path)?;
    Ok((read(&path)?, created))
}

fn read(path: &Path) -> io::Result<Secret> {
    let text = fs::read_to_string(path).map_err(|error| named(path, &error))?;
    match text.trim() {
        "" => Err(io::Error::new(ErrorKind::InvalidData, format!("{} is empty: delete it", path.display()))),
        key => Ok(Secret::from(key)),
    }
}

/// Writes a file of its own and gives it the name `path` unless another process was first, which yields `false`.
fn publish(key: &str, path: &Path) -> io::Result<bool> {
    let draft = PathBuf::from(format!("{}.{}", path.display(), random_key()?));
    let written = write_private(&draft, key).map_err(|error| named(&draft, &error));
    let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        // Some file systems know no links.
        Err(_) => fs::rename(&draft, path).map(|()| true),
    });
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => linked,
    }
}

fn write_private(path: &Path, key: &str) -> io::Result<()> {
    let mut file = create_private(path)?;
    writeln!(file, "{key}")?;
    file.sync_all()
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn random_key() -> io::Result<String> {
    let random = SystemRandom::new();
    let mut key = String::from("sk-");
    let mut byte = [0];
    while key.len() < "sk-".len() + KEY_CHARS {
        random.fill(&mut byte).map_err(|_| io::Error::other("the system gives no random numbers"))?;
        // Bytes above the last multiple of 62 are thrown away: all characters are equally likely.
        if byte[0] < 248 {
            key.extend(ALPHABET.get(usize::from(byte[0] % 62)).copied().map(char::from));
        }
    }
    Ok(key)
}

#[cfg(test)]
mod tests;
