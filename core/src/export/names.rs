use std::collections::BTreeSet;

use crate::lock::Digest;

/// Names that no two things of one export share, none longer than the target takes.
#[derive(Debug)]
pub(super) struct Names {
    longest: usize,
    taken: BTreeSet<String>,
}

/// Digits of the digest that tell two names apart.
const MARK: usize = 8;

impl Names {
    /// Names of at most so many bytes.
    pub(super) const fn new(longest: usize) -> Self {
        Self {
            longest,
            taken: BTreeSet::new(),
        }
    }

    /// The wanted name as a DNS label; shortened and marked with part of its digest where it is
    /// too long, or taken. Equal calls in equal order give equal names.
    pub(super) fn claim(&mut self, wanted: &str) -> String {
        let label = dns_label(wanted);
        if label == wanted && label.len() <= self.longest && self.taken.insert(label.clone()) {
            return label;
        }
        let mut round = 0_u32;
        loop {
            let seed = match round {
                0 => wanted.to_owned(),
                _ => format!("{wanted}\0{round}"),
            };
            let mark: String = Digest::of(seed.as_bytes())
                .hex()
                .chars()
                .take(MARK)
                .collect();
            let room = self.longest.saturating_sub(MARK).saturating_sub(1);
            let head: String = label.chars().take(room).collect();
            let name = format!("{}-{mark}", head.trim_end_matches('-'));
            if self.taken.insert(name.clone()) {
                return name;
            }
            round = round.saturating_add(1);
        }
    }
}

/// Small letters, digits and `-`, from a letter to a letter or digit.
pub(crate) fn dns_label(text: &str) -> String {
    let plain = text
        .to_lowercase()
        .replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let trimmed = plain.trim_matches('-');
    match trimmed.chars().next() {
        Some(first) if first.is_ascii_lowercase() => trimmed.to_owned(),
        Some(_) => format!("x{trimmed}"),
        None => "x".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_label_stays_as_it_is() {
        let mut names = Names::new(52);
        assert_eq!(names.claim("rag-guard"), "rag-guard");
        assert_eq!(names.claim("rag-store"), "rag-store");
    }

    #[test]
    fn a_taken_or_foreign_name_is_marked() {
        let mut names = Names::new(52);
        names.claim("rag-guard");
        let second = names.claim("rag-guard");
        let third = names.claim("rag-guard");
        assert!(second.starts_with("rag-guard-") && third.starts_with("rag-guard-"));
        assert_ne!(second, third);
        let foreign = names.claim("9 Lives_");
        assert!(foreign.starts_with("x9-lives-"), "{foreign}");
    }

    #[test]
    fn a_long_name_is_cut_and_keeps_apart() {
        let mut names = Names::new(52);
        let long = "a".repeat(63);
        let (one, two) = (
            names.claim(&format!("{long}-one")),
            names.claim(&format!("{long}-two")),
        );
        assert!(
            one.len() <= 52 && two.len() <= 52 && one != two,
            "{one} {two}"
        );
    }
}
