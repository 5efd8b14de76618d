//! What is said about a configuration: warnings, with which the program serves, and faults, with which it doesn't.

use std::fmt;

/// A value that is not used as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The variable's name, or `.env` for the file.
    pub variable: &'static str,
    /// The value as it was given: `****` where it is a secret, empty for the file.
    pub value: String,
    /// What is wrong with it, and what is allowed.
    pub problem: String,
    /// What the program uses.
    pub used: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.variable)?;
        if !self.value.is_empty() {
            write!(f, " = {:?}", self.value)?;
        }
        write!(f, ": {}; used: {}", self.problem, self.used)
    }
}

/// Everything that makes serving impossible or unsafe, shown one a line.
///
/// Parts that read a value themselves (a DSN, the outbound proxies) add theirs, so that one start names them all.
#[derive(Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Faults(Vec<(&'static str, String)>);

impl Faults {
    /// Notes that the value of `variable` can't be served with. `problem` must not show a secret.
    pub fn add(&mut self, variable: &'static str, problem: impl fmt::Display) {
        self.0.push((variable, problem.to_string()));
    }

    /// The value of a result, or its error noted as a fault of `variable`.
    pub fn take<T, E: fmt::Display>(&mut self, variable: &'static str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.add(variable, error)).ok()
    }

    /// Whether `variable` has been found faulty.
    #[must_use]
    pub fn has(&self, variable: &str) -> bool {
        self.0.iter().any(|(faulty, _)| *faulty == variable)
    }

    /// All faults as one error, if there are any.
    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (variable, problem)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{variable}: {problem}")?;
        }
        Ok(())
    }
}
