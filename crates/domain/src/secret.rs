//! Text that must never be printed: provider keys, proxy keys, passwords.

use std::borrow::Cow;
use std::fmt;

use zeroize::Zeroize;

/// The beginning of a secret tells something from this length on; before, it is a provider's prefix like `sk-ant-`.
const TELLING_BYTES: usize = 8;

/// A secret text. `Debug` and `Display` show it [masked](mask); its memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(Box<str>);

impl Secret {
    /// The text itself. Call this only where the secret leaves for the place it belongs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into_boxed_str())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask(&self.0))
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask(&self.0))
    }
}

/// The form in which a secret may be shown: `sk-1****cdef`. Texts of 12 characters or fewer give nothing away: `****`.
#[must_use]
pub fn mask(secret: &str) -> String {
    if secret.chars().count() <= 12 {
        return "****".to_owned();
    }
    let head: String = secret.chars().take(4).collect();
    let tail_start = secret.char_indices().rev().nth(3).map_or(0, |(i, _)| i);
    format!("{head}****{}", secret.get(tail_start..).unwrap_or_default())
}

/// `text` with every occurrence of `secret` [masked](mask), and, if it ends within the secret because it was cut off there, without that
/// end. An empty secret occurs nowhere.
#[must_use]
pub fn mask_in<'t>(text: &'t str, secret: &str) -> Cow<'t, str> {
    if secret.is_empty() {
        return Cow::Borrowed(text);
    }
    let masked =
        if text.contains(secret) { Cow::Owned(text.replace(secret, &mask(secret))) } else { Cow::Borrowed(text) };
    let mut starts = (TELLING_BYTES..secret.len()).rev().filter_map(|len| secret.get(..len));
    let cut_off = starts.find_map(|start| masked.strip_suffix(start));
    cut_off.map(|before| format!("{before}****")).map_or(masked, Cow::Owned)
}

#[cfg(test)]
mod tests;
