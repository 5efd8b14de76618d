//! Which script a request gets: its key's, else its path's, else the default.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::script::Script;

/// A script and how often it was used.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) script: Script,
    calls: AtomicU64,
}

impl Rule {
    fn new(script: Script) -> Arc<Self> {
        Arc::new(Self { script, calls: AtomicU64::new(0) })
    }

    /// The number of this call, from 1.
    pub(super) fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }
}

#[derive(Debug, Default)]
pub(super) struct Rules(RwLock<Table>);

#[derive(Debug)]
struct Table {
    keys: HashMap<String, Arc<Rule>>,
    paths: Vec<(String, Arc<Rule>)>,
    default: Arc<Rule>,
}

impl Default for Table {
    fn default() -> Self {
        Self { keys: HashMap::new(), paths: Vec::new(), default: Rule::new(Script::by_key_text()) }
    }
}

impl Rules {
    pub(super) fn set_key(&self, key: &str, script: Script) {
        self.edit(|table| {
            table.keys.insert(key.to_owned(), Rule::new(script));
        });
    }

    pub(super) fn set_path(&self, path: &str, script: Script) {
        self.edit(|table| {
            table.paths.retain(|(known, _)| known != path);
            table.paths.insert(0, (path.to_owned(), Rule::new(script)));
        });
    }

    pub(super) fn set_default(&self, script: Script) {
        self.edit(|table| table.default = Rule::new(script));
    }

    pub(super) fn find(&self, key: Option<&str>, path: &str) -> Arc<Rule> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let of_path = || table.paths.iter().find(|(pattern, _)| fits(pattern, path)).map(|(_, rule)| rule);
        let rule = key.and_then(|key| table.keys.get(key)).or_else(of_path);
        Arc::clone(rule.unwrap_or(&table.default))
    }

    fn edit(&self, change: impl FnOnce(&mut Table)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    pattern.strip_suffix('*').map_or(path == pattern, |start| path.starts_with(start))
}
