//! Conditions: the part of CEL that GJSON can ask.
//!
//! KServe's router tests whether a GJSON path finds something in the answer before a step. A text
//! is compared by pattern (`%`), never by `==`: that compares numbers too, and takes any text for
//! zero, so that a verdict `0` would equal `"safe"`.

/// One thing that must hold of an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Clause {
    /// A comparison of the value at a path.
    Query {
        /// Keys from the answer to the value; none for the answer itself.
        path: Vec<String>,
        /// As GJSON writes it: `%"safe"`, `>=0.8`, or nothing for what need only be there.
        test: String,
        /// Whether it compares numbers, which GJSON does with texts too.
        numeric: bool,
    },
    /// A GJSON path as the document states it.
    Stated(String),
}

/// What lets every answer pass that is JSON.
pub(super) const ALWAYS: &str = "@this";

impl Clause {
    /// That a text stands at a path.
    pub(super) fn text(path: Vec<String>, text: &str) -> Option<Self> {
        Some(Self::Query {
            path,
            test: format!("%{}", quoted(text)?),
            numeric: false,
        })
    }

    /// The same of an answer that lies deeper; `None` for a stated path, which cannot be moved.
    pub(super) fn within(&self, outer: &[String]) -> Option<Self> {
        match self {
            Self::Query {
                path,
                test,
                numeric,
            } => Some(Self::Query {
                path: outer.iter().chain(path).cloned().collect(),
                test: test.clone(),
                numeric: *numeric,
            }),
            Self::Stated(_) if outer.is_empty() => Some(self.clone()),
            Self::Stated(_) => None,
        }
    }
}

/// One GJSON path that finds something where all clauses hold; `None` where a stated path would
/// have to be joined with others.
pub(super) fn gjson(clauses: &[Clause]) -> Option<String> {
    match clauses {
        [] => return Some(ALWAYS.to_owned()),
        [Clause::Stated(path)] => return Some(path.clone()),
        _ => {}
    }
    let mut queries = Vec::new();
    for clause in clauses {
        let Clause::Query { path, test, .. } = clause else {
            return None;
        };
        queries.push(format!("#({}{test})", path.join(".")));
    }
    // All that match each in turn, and the last that is left.
    Some(format!("[@this].{}", queries.join("#|")))
}

/// A text that a pattern matches as it is; `None` where it has what patterns read otherwise.
fn quoted(text: &str) -> Option<String> {
    let odd = |c: char| c.is_control() || matches!(c, '*' | '?' | '\\' | '"');
    (!text.is_empty() && !text.contains(odd)).then(|| format!("\"{text}\""))
}

/// Whether a text is a key that paths take as it is.
pub(super) fn is_key(text: &str) -> bool {
    let mut chars = text.chars();
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(inside)
}

/// The clauses of a condition in CEL over `output`: comparisons of a field with a literal, joined
/// by `&&`. `None` for any other.
pub(super) fn clauses(cel: &str) -> Option<Vec<Clause>> {
    let mut found = Vec::new();
    for term in split_and(cel)? {
        let term = term.trim();
        if term == "true" {
            continue;
        }
        found.push(comparison(term)?);
    }
    Some(found)
}

/// The terms between `&&`, outside texts.
fn split_and(cel: &str) -> Option<Vec<String>> {
    let mut terms = vec![String::new()];
    let mut quote = None;
    let mut chars = cel.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => return None,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '&') if chars.peek() == Some(&'&') => {
                chars.next();
                terms.push(String::new());
                continue;
            }
            _ => {}
        }
        terms.last_mut()?.push(c);
    }
    quote.is_none().then_some(terms)
}

fn comparison(term: &str) -> Option<Clause> {
    if let Some(inner) = term
        .strip_prefix("has(")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        let path = path(inner.trim())?;
        let there = Clause::Query {
            path: path.clone(),
            test: String::new(),
            numeric: false,
        };
        return (!path.is_empty()).then_some(there);
    }
    let end = term
        .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.'))
        .unwrap_or(term.len());
    let (left, rest) = term.split_at_checked(end)?;
    let path = path(left)?;
    let rest = rest.trim_start();
    if rest.is_empty() {
        let test = "==true".to_owned();
        return Some(Clause::Query {
            path,
            test,
            numeric: false,
        });
    }
    let operators = ["==", "!=", "<=", ">=", "<", ">"];
    let operator = operators.into_iter().find(|it| rest.starts_with(it))?;
    let literal = rest.strip_prefix(operator)?.trim();
    let word = ['"', '\''].into_iter().find_map(|mark| {
        let inner = literal.strip_prefix(mark)?.strip_suffix(mark)?;
        (!inner.contains(mark)).then_some(inner)
    });
    if let Some(word) = word {
        let how = match operator {
            "==" => "%",
            "!=" => "!%",
            _ => return None,
        };
        return Some(Clause::Query {
            path,
            test: format!("{how}{}", quoted(word)?),
            numeric: false,
        });
    }
    if matches!(literal, "true" | "false") {
        let test = match operator {
            "==" => format!("=={literal}"),
            "!=" if literal == "true" => "==false".to_owned(),
            "!=" => "==true".to_owned(),
            _ => return None,
        };
        return Some(Clause::Query {
            path,
            test,
            numeric: false,
        });
    }
    let digits = literal.strip_prefix('-').unwrap_or(literal);
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
        && literal.parse::<f64>().is_ok();
    is_number.then(|| Clause::Query {
        path,
        test: format!("{operator}{literal}"),
        numeric: true,
    })
}

/// The keys behind `output`.
fn path(text: &str) -> Option<Vec<String>> {
    let mut keys = text.split('.');
    if keys.next() != Some("output") {
        return None;
    }
    let keys: Vec<String> = keys.map(str::to_owned).collect();
    keys.iter().all(|key| is_key(key)).then_some(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_become_paths() {
        for (cel, wanted) in [
            (
                "output.action == \"search\"",
                Some("[@this].#(action%\"search\")"),
            ),
            ("output.a.b != 'x y'", Some("[@this].#(a.b!%\"x y\")")),
            (
                "output.confidence >= 0.8",
                Some("[@this].#(confidence>=0.8)"),
            ),
            ("output.ok", Some("[@this].#(ok==true)")),
            ("output.ok != true", Some("[@this].#(ok==false)")),
            ("has(output.hit)", Some("[@this].#(hit)")),
            ("output == \"yes\"", Some("[@this].#(%\"yes\")")),
            (
                "output.a == \"&&\" && output.b < -3",
                Some("[@this].#(a%\"&&\")#|#(b<-3)"),
            ),
            ("true", Some("@this")),
            ("output.a || output.b", None),
            ("output.a == output.b", None),
            ("output.size() > 3", None),
            ("output.a == \"wild*\"", None),
            ("input.a == 1", None),
            ("output.a[0] == 1", None),
        ] {
            let found = clauses(cel).and_then(|clauses| gjson(&clauses));
            assert_eq!(found.as_deref(), wanted, "{cel}");
        }
    }
}
