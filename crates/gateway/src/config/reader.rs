//! Typed reading of variables that collects what is wrong instead of stopping at it.

use std::io;

use domain::secret::Secret;

use super::dotenv::{self, Variables};
use super::environment::{AUTH_KEY, Variable};
use super::report::{Faults, Warning};

/// The name under which the `.env` file is reported.
const DOTENV: &str = ".env";

/// The variables of the process, then those of the `.env` file.
pub(super) struct Reader<'e> {
    process: &'e dyn Fn(&str) -> Option<String>,
    file: Variables,
    pub(super) warnings: Vec<Warning>,
    pub(super) faults: Faults,
}

impl<'e> Reader<'e> {
    /// `dotenv` is the text of the `.env` file, `None` without one.
    pub(super) fn new(process: &'e dyn Fn(&str) -> Option<String>, dotenv: io::Result<Option<String>>) -> Self {
        let mut reader = Self { process, file: Variables::new(), warnings: Vec::new(), faults: Faults::default() };
        let parsed = dotenv
            .map_err(|error| error.to_string())
            .and_then(|text| dotenv::parse(&text.unwrap_or_default()).map_err(|error| error.to_string()));
        match parsed {
            Ok(variables) => reader.file = variables,
            Err(problem) => reader.report_dotenv(problem),
        }
        reader
    }

    /// GPT-Load 1.4.x takes nothing from a file it can't read, and then starts if the process has an `AUTH_KEY`.
    /// Without one, an operator who set everything in the file would get a new, open, empty gateway: a fault.
    fn report_dotenv(&mut self, problem: String) {
        if self.text(&AUTH_KEY).is_none() {
            self.faults.add(DOTENV, problem);
            return;
        }
        let used = "the environment alone, nothing of this file".to_owned();
        self.warnings.push(Warning { variable: DOTENV, value: String::new(), problem, used });
    }

    /// The value of a variable. Set but empty is unset, though the process's empty value hides the file's.
    pub(super) fn text(&self, variable: &Variable) -> Option<String> {
        self.named(variable.name)
    }

    /// As [`Self::text`], under a name that is not the variable's own.
    pub(super) fn named(&self, name: &str) -> Option<String> {
        (self.process)(name).or_else(|| self.file.get(name).cloned()).filter(|value| !value.is_empty())
    }

    pub(super) fn text_or_default(&self, variable: &Variable) -> String {
        self.text(variable).unwrap_or_else(|| variable.default.to_owned())
    }

    pub(super) fn secret(&self, variable: &Variable) -> Option<Secret> {
        self.text(variable).map(Secret::from)
    }

    /// The value as `parse` reads it; one that it refuses gets a warning and gives way to the default.
    pub(super) fn value<T: Default>(
        &mut self,
        variable: &Variable,
        allowed: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> T {
        if let Some(text) = self.text(variable) {
            if let Some(value) = parse(&text) {
                return value;
            }
            self.warn(variable, text, format!("not {allowed}"), variable.default);
        }
        parse(variable.default).unwrap_or_default()
    }

    /// `true 1 yes on` or `false 0 no off`, in any case.
    pub(super) fn boolean(&mut self, variable: &Variable) -> bool {
        self.value(variable, "one of true, false, 1, 0, yes, no, on, off", |text| {
            match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Some(true),
                "false" | "0" | "no" | "off" => Some(false),
                _ => None,
            }
        })
    }

    /// A whole number of `unit`, 0 or more.
    pub(super) fn count(&mut self, variable: &Variable, unit: &str) -> u64 {
        self.value(variable, &format!("a whole number of {unit}, 0 or more"), |text| text.parse().ok())
    }

    /// The comma-separated entries, trimmed; the default's where there are none.
    pub(super) fn list(&self, variable: &Variable) -> Vec<String> {
        let entries = |text: &str| -> Vec<String> {
            text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
        };
        let given = entries(&self.text(variable).unwrap_or_default());
        if given.is_empty() { entries(variable.default) } else { given }
    }

    pub(super) fn warn(&mut self, variable: &Variable, value: String, problem: impl Into<String>, used: &str) {
        let (problem, used) = (problem.into(), used.to_owned());
        self.warnings.push(Warning { variable: variable.name, value, problem, used });
    }
}
