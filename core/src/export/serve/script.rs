//! A shell script that starts a program.

use core::fmt::Write as _;

/// What a script is made of.
pub(super) struct Script<'s> {
    /// What it does, in a sentence.
    pub(super) about: String,
    /// Variables that must be set by whoever runs it.
    pub(super) needed: Vec<&'s str>,
    /// Variables with their values.
    pub(super) variables: Vec<(&'s str, &'s str)>,
    /// The command that it becomes.
    pub(super) command: &'s [&'s str],
    /// Arguments, a line each: as the shell reads them.
    pub(super) arguments: Vec<String>,
}

impl Script<'_> {
    /// Its text; further arguments of the script are the program's.
    pub(super) fn text(&self) -> String {
        let mut text = format!("#!/bin/sh\n# {}\nset -eu\n\n", self.about);
        for name in &self.needed {
            let _ = writeln!(text, ": \"${{{name}:?set {name}}}\"\nexport {name}");
        }
        for (name, value) in &self.variables {
            let _ = writeln!(text, "export {name}={}", quoted(value));
        }
        if !self.needed.is_empty() || !self.variables.is_empty() {
            text.push('\n');
        }
        let _ = write!(text, "exec {}", self.command.join(" "));
        for argument in &self.arguments {
            let _ = write!(text, " \\\n  {argument}");
        }
        text.push_str(" \\\n  \"$@\"\n");
        text
    }
}

/// A word as the shell reads it back.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Whether a shell takes a variable of this name.
pub(super) fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
