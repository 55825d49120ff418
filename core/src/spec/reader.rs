use super::form::{Form, KeyUse, Record};
use crate::check::{Code, Diagnostic, Fix};
use crate::text::{Span, Spanned, TextEdit};
use crate::yaml::{Entry, Node, Value};

/// A type of the document: it describes itself, reads itself, and says itself in base units.
pub trait Shape: Sized {
    /// What a place of this type may hold.
    fn form() -> Form;

    /// Reads a value; `None` after an error that no part of the value survives.
    fn read(node: &Node, reader: &mut Reader) -> Option<Self>;

    /// The value as canonical JSON: quantities as integers of their base unit.
    fn canonical(&self) -> serde_json::Value;
}

/// Gathers what is wrong while a document is read.
#[derive(Debug, Default)]
pub struct Reader {
    /// What was found so far.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether names may be paths, `outer/inner`: only those of composed graphs are.
    composed: bool,
    path: Vec<String>,
}

impl Reader {
    /// An error at a place; the node is told from where in the document the reader is.
    pub fn diagnostic(&self, code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        let mut diagnostic = Diagnostic::new(code, span, message);
        diagnostic.node = match self.path.get(..3) {
            Some([spec, nodes, node]) if spec == "spec" && nodes == "nodes" => Some(node.clone()),
            _ => None,
        };
        diagnostic
    }

    /// A reader of a composed graph, whose names may be paths.
    pub(crate) fn of_composed() -> Self {
        Self {
            composed: true,
            ..Self::default()
        }
    }

    /// Whether a text names a payload type or a symbol here.
    pub(crate) fn is_name(&self, text: &str) -> bool {
        is_port_name(text) || self.composed && text.split('/').all(is_port_name)
    }

    /// Reports what is wrong.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports a value of the wrong type.
    pub fn wrong_type(&mut self, node: &Node, wanted: &str) {
        let found = match &node.value {
            Value::Mapping(_) => "a map".to_owned(),
            Value::Sequence(_) => "a list".to_owned(),
            Value::Scalar(scalar) if scalar.is_null() => "nothing".to_owned(),
            Value::Scalar(scalar) => format!("`{}`", shorten(&scalar.text)),
        };
        let place = self.place();
        let message = format!("{place} takes {wanted}, not {found}");
        self.report(self.diagnostic(Code::WRONG_TYPE, node.span, message));
    }

    /// Reports a value that has the right type but cannot be.
    pub fn bad_value(&mut self, node: &Node, wanted: &str) {
        let diagnostic = self.bad_value_diagnostic(node, wanted);
        self.report(diagnostic);
    }

    /// As [`Reader::bad_value`], to be completed before it is reported.
    pub fn bad_value_diagnostic(&self, node: &Node, wanted: &str) -> Diagnostic {
        let found = node
            .as_scalar()
            .map_or_else(String::new, |scalar| shorten(&scalar.text));
        let message = format!("{} takes {wanted}, `{found}` is not one", self.place());
        self.diagnostic(Code::BAD_VALUE, node.span, message)
    }

    /// The dotted path of where the reader is, in backticks.
    pub fn place(&self) -> String {
        match self.path.as_slice() {
            [] => "the document".to_owned(),
            [spec, nodes, rest @ ..] if spec == "spec" && nodes == "nodes" && !rest.is_empty() => {
                format!("`{}`", rest.join("."))
            }
            [spec, rest @ ..] if spec == "spec" && !rest.is_empty() => {
                format!("`{}`", rest.join("."))
            }
            path => format!("`{}`", path.join(".")),
        }
    }

    /// Reads `node` one step deeper in the document.
    pub fn within<T>(&mut self, segment: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(segment.to_owned());
        let result = read(self);
        self.path.pop();
        result
    }

    /// The entries of a mapping, if it is one.
    pub fn entries<'n>(&mut self, node: &'n Node) -> Option<&'n [Entry]> {
        match &node.value {
            Value::Mapping(mapping) => Some(&mapping.entries),
            Value::Scalar(scalar) if scalar.is_null() => Some(&[]),
            _ => {
                self.wrong_type(node, "a map");
                None
            }
        }
    }

    /// Reports keys that a record does not have, and keys that it lacks.
    pub fn keys(&mut self, node: &Node, record: &Record) -> Option<()> {
        let entries = self.entries(node)?;
        for entry in entries {
            let key = entry.key.text.as_str();
            if key.starts_with("x-") || record.field(key).is_some() {
                continue;
            }
            self.unknown_key(entry, record.all_fields().map(|field| field.key));
        }
        for field in record.all_fields().filter(|field| field.required) {
            if entries
                .iter()
                .all(|entry| entry.key.text != field.key || entry.value.is_null())
            {
                let place = self.place();
                let span = match &node.value {
                    Value::Mapping(mapping) if !mapping.flow => mapping
                        .entries
                        .first()
                        .map_or(node.span, |entry| entry.key.span),
                    _ => node.span,
                };
                let message = format!("{place} lacks `{}`", field.key);
                let mut diagnostic = self.diagnostic(Code::MISSING_KEY, span, message);
                diagnostic.help = Some(field.doc.trim().to_owned());
                self.report(diagnostic);
            }
        }
        Some(())
    }

    /// Reports an unknown key with the nearest known one as a fix.
    pub fn unknown_key<'k>(&mut self, entry: &Entry, known: impl Iterator<Item = &'k str>) {
        let key = entry.key.text.as_str();
        let known: Vec<&str> = known.collect();
        let place = self.place();
        let near = nearest(key, known.iter().copied()).map(str::to_owned);
        let span = entry.key.span;
        let message = format!("{place} has no key `{key}`");
        let mut diagnostic = self.diagnostic(Code::UNKNOWN_KEY, span, message);
        if let Some(near) = near {
            diagnostic.help = Some(format!("did you mean `{near}`?"));
            let edit = TextEdit::replace(span, near.clone());
            diagnostic
                .fixes
                .push(Fix::safe(format!("Rename to `{near}`"), vec![edit]));
        } else {
            diagnostic.help = Some(format!("it takes {}", list_words(known)));
        }
        self.report(diagnostic);
    }

    /// Reads the value of a key of a mapping; absent and null are both `None`.
    pub fn field<T: Shape>(&mut self, node: &Node, key: &str) -> Option<Spanned<T>> {
        let value = node.get(key).filter(|value| !value.is_null())?;
        self.within(key, |reader| {
            T::read(value, reader).map(|read| Spanned::new(read, value.span))
        })
    }

    /// Checks a key that the author chose.
    pub fn key_name(&mut self, entry: &Entry, key: KeyUse) {
        let name = entry.key.text.as_str();
        let wanted = match key {
            KeyUse::Node if matches!(name, "inputs" | "outputs") => {
                "`inputs` and `outputs` are reserved for the graph's own"
            }
            KeyUse::Node if !is_node_name(name) => {
                "a node is named by small letters, digits and `-`, from a letter to a letter or \
                 digit, at most 63"
            }
            KeyUse::Port | KeyUse::Type if !is_port_name(name) => {
                "it is named by letters, digits, `_` and `-`, from a letter or `_`"
            }
            KeyUse::Rule if !is_rule_code(name) => "a rule is named like `MG305`",
            _ => return,
        };
        let place = self.place();
        let message = format!("{place} cannot have `{name}`");
        let mut diagnostic = self.diagnostic(Code::BAD_NAME, entry.key.span, message);
        diagnostic.help = Some(wanted.to_owned());
        self.report(diagnostic);
    }
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short.replace('\n', " ")
}

/// Whether a text names a node: `[a-z]([-a-z0-9]*[a-z0-9])?`, at most 63.
pub fn is_node_name(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Whether a text names a port: `[A-Za-z_][A-Za-z0-9_-]*`.
pub fn is_port_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

fn is_rule_code(name: &str) -> bool {
    let letters = name.trim_start_matches(|c: char| c.is_ascii_uppercase() || c == '-');
    letters.len() < name.len()
        && letters
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// The known word nearest to a misspelt one, if one is near.
pub fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let limit = (word.chars().count() / 3).max(1);
    known
        .map(|candidate| {
            (
                edit_distance(&word.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|&(distance, _)| distance <= limit)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut last_char = None;
    for (i, x) in a.chars().enumerate() {
        let mut row = Vec::with_capacity(last.len());
        row.push(i.saturating_add(1));
        let mut left_char = None;
        for (j, &y) in b.iter().enumerate() {
            let get = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX);
            let next = j.saturating_add(1);
            let mut best = get(&last, j).saturating_add(usize::from(x != y));
            best = best.min(get(&last, next).saturating_add(1));
            best = best.min(get(&row, j).saturating_add(1));
            if last_char == Some(y) && left_char == Some(x) && j > 0 {
                best = best.min(get(&before, j.saturating_sub(1)).saturating_add(1));
            }
            row.push(best);
            left_char = Some(y);
        }
        before = core::mem::replace(&mut last, row);
        last_char = Some(x);
    }
    last.last().copied().unwrap_or(0)
}

/// ``"`a`, `b` or `c`"``.
pub fn list_words<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => "nothing".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_allows_a_swap_and_a_typo() {
        let known = ["latency", "budget", "serving"];
        assert_eq!(nearest("latnecy", known.into_iter()), Some("latency"));
        assert_eq!(nearest("buget", known.into_iter()), Some("budget"));
        assert_eq!(nearest("replicas", known.into_iter()), None);
    }

    #[test]
    fn names_follow_their_patterns() {
        assert!(is_node_name("guard-2") && !is_node_name("Guard") && !is_node_name("a-"));
        assert!(is_port_name("_x-Y9") && !is_port_name("9x") && !is_port_name(""));
    }
}
