//! What a shell's variables put into the texts of a Compose file.

use std::collections::{BTreeMap, BTreeSet};

use super::{VARIABLE, is_environment};
use crate::import::draft::{Draft, quote};
use crate::import::{File, LIMIT};
use crate::text::Span;

/// The variables of `.env` files, and what was missed in them.
#[derive(Debug, Default)]
pub(super) struct Variables {
    stated: BTreeMap<String, String>,
    unset: BTreeSet<String>,
    defaults: BTreeMap<String, String>,
    filled: usize,
}

/// Bytes that variables may put into all texts together.
const MOST: usize = 4 << 20;
/// How far away the bracket may stand that closes.
const FARTHEST: usize = 1024;
/// Variables in the defaults of others that are followed.
const DEPTH: usize = 4;

impl Variables {
    /// The variables of all `.env` files; the first that states one counts.
    pub(super) fn read(files: &[&File<'_>], draft: &mut Draft) -> Self {
        let mut stated = BTreeMap::new();
        for file in files.iter().filter(|file| is_environment(file)) {
            let Some(text) = draft.text(file) else {
                continue;
            };
            for line in text.lines() {
                let line = line.trim();
                let line = line.strip_prefix("export ").unwrap_or(line);
                let Some((name, value)) = line.split_once('=') else {
                    continue;
                };
                if line.starts_with('#') {
                    continue;
                }
                let value = value.trim();
                let bare = ['"', '\'']
                    .into_iter()
                    .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
                let value = bare.unwrap_or_else(|| {
                    value
                        .split_once(" #")
                        .map_or(value, |(value, _)| value.trim())
                });
                stated
                    .entry(name.trim().to_owned())
                    .or_insert_with(|| value.to_owned());
            }
        }
        Self {
            stated,
            ..Self::default()
        }
    }

    /// Puts variables into a text: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`,
    /// `${NAME:?why}`; `$$` is `$`. What is not set stays as it is written.
    pub(super) fn fill(&mut self, text: &str) -> String {
        self.fill_within(text, 0)
    }

    fn fill_within(&mut self, text: &str, depth: usize) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('$') {
            out.push_str(before);
            if let Some(behind) = behind.strip_prefix('$') {
                out.push('$');
                rest = behind;
                continue;
            }
            let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            let braced = behind.strip_prefix('{');
            let inner = braced.unwrap_or(behind);
            let length = inner.bytes().take_while(is_name).count();
            let (name, behind_name) = inner.split_at_checked(length).unwrap_or(("", inner));
            if name.is_empty() {
                out.push('$');
                rest = behind;
                continue;
            }
            let end = match braced {
                None => Some(("", behind_name)),
                Some(_) => closing(behind_name),
            };
            let Some((operation, after)) = end else {
                // Compose refuses a bracket that is not closed; so far it is as it is written.
                out.push('$');
                rest = behind;
                break;
            };
            let written = behind.len().saturating_sub(after.len());
            let written = behind.get(..written).unwrap_or("");
            out.push_str(&self.value(name, operation, written, depth));
            rest = after;
        }
        out.push_str(rest);
        out
    }

    fn value(&mut self, name: &str, operation: &str, written: &str, depth: usize) -> String {
        let stated = self.stated.get(name);
        let stated = stated.filter(|value| !(value.is_empty() && operation.starts_with(':')));
        if let Some(value) = stated {
            self.filled = self.filled.saturating_add(value.len());
            if self.filled <= MOST {
                return value.clone();
            }
            return String::new();
        }
        let default = operation.strip_prefix(":-").or(operation.strip_prefix('-'));
        if let Some(default) = default.filter(|_| depth < DEPTH) {
            let default = self.fill_within(default, depth.saturating_add(1));
            self.defaults.insert(name.to_owned(), default.clone());
            return default;
        }
        self.unset.insert(name.to_owned());
        format!("${written}")
    }

    /// Tells what was taken, and what is left open.
    pub(super) fn tell(&self, files: &[&File<'_>], draft: &mut Draft) {
        let Some(file) = files.iter().find(|file| !is_environment(file)) else {
            return;
        };
        if self.filled > MOST {
            let message = format!("variables fill more than {MOST} bytes");
            let help = "state long texts where they are needed";
            draft.refuse(&LIMIT, file.at(Span::at(0)), message, help);
            return;
        }
        for (name, value) in &self.defaults {
            let name = quote(name);
            let message =
                format!("`{name}` is not set in an `.env` beside the file: its default is taken");
            draft.guess(&VARIABLE, file.at(Span::at(0)), None, message, quote(value));
        }
        for name in &self.unset {
            let name = quote(name);
            let message = format!(
                "`{name}` is not set in an `.env` beside the file: what it fills is left open"
            );
            draft.guess(
                &VARIABLE,
                file.at(Span::at(0)),
                None,
                message,
                format!("${{{name}}}"),
            );
        }
    }
}

/// What stands before the bracket that closes, and behind it.
fn closing(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1_usize;
    for (at, found) in text.char_indices().take(FARTHEST) {
        match found {
            '{' => depth = depth.saturating_add(1),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some((text.get(..at)?, text.get(at.saturating_add(1)..)?));
        }
    }
    None
}
