//! Numbers and labels as Kubernetes and its kin write them.

use crate::spec::{Bytes, Cores, Duration};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

/// Bytes with the largest unit that leaves a whole number.
pub(in crate::export) fn bytes(size: Bytes) -> String {
    for (unit, suffix) in [(GIB, "Gi"), (MIB, "Mi"), (KIB, "Ki")] {
        if size.0 > 0
            && size.0.checked_rem(unit) == Some(0)
            && let Some(whole) = size.0.checked_div(unit)
        {
            return format!("{whole}{suffix}");
        }
    }
    size.0.to_string()
}

/// So many bytes, up to the next GiB.
pub(in crate::export) fn up_to_gib(size: u64) -> Bytes {
    Bytes(size.div_ceil(GIB).saturating_mul(GIB))
}

/// GiB as bytes.
pub(in crate::export) const fn gib(count: u64) -> u64 {
    count.saturating_mul(GIB)
}

/// Cores: whole ones, or thousandths.
pub(in crate::export) fn cores(cores: Cores) -> String {
    match (cores.0.checked_rem(1000), cores.0.checked_div(1000)) {
        (Some(0), Some(whole)) => whole.to_string(),
        _ => format!("{}m", cores.0),
    }
}

/// Whole seconds, rounded up, at least one; and whether that changed anything.
pub(in crate::export) fn seconds(time: Duration) -> (u64, bool) {
    let seconds = time.0.div_ceil(1_000_000_000).max(1);
    (seconds, seconds.saturating_mul(1_000_000_000) != time.0)
}

/// A text as the value of a label.
pub(in crate::export) fn label_value(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if is_label_char(c) { c } else { '_' })
        .take(63)
        .collect();
    clean
        .trim_matches(|c: char| !c.is_ascii_alphanumeric())
        .to_owned()
}

pub(in crate::export) fn is_label_value(text: &str) -> bool {
    text.len() <= 63 && label_value(text) == text
}

/// A name, with a DNS domain and `/` before it or not.
pub(in crate::export) fn is_label_key(text: &str) -> bool {
    let (domain, name) = match text.split_once('/') {
        Some((domain, name)) => (Some(domain), name),
        None => (None, text),
    };
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let fits = |domain: &str| domain.len() <= 253 && domain.split('.').all(is_part);
    !name.is_empty() && is_label_value(name) && domain.is_none_or(fits)
}

fn is_label_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// A name of a variable that a `ConfigMap` can hold and a container takes.
pub(in crate::export) fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.len() <= 253
        && name.chars().all(is_label_char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_written_without_loss() {
        assert_eq!(bytes(Bytes(17_179_869_184)), "16Gi");
        assert_eq!(bytes(Bytes(536_870_912)), "512Mi");
        assert_eq!(bytes(Bytes(16_000_000_000)), "15625000Ki");
        assert_eq!(bytes(Bytes(999)), "999");
        assert_eq!(
            (cores(Cores(8000)), cores(Cores(500))),
            ("8".to_owned(), "500m".to_owned())
        );
        assert_eq!(seconds(Duration(200_000_000)), (1, true));
        assert_eq!(seconds(Duration(10_000_000_000)), (10, false));
    }

    #[test]
    fn labels_are_told_from_what_is_none() {
        assert!(is_label_key("team") && is_label_key("example.org/team"));
        for wrong in ["", "/team", "Example.org/team", "a/b/c", "-team", "te am"] {
            assert!(!is_label_key(wrong), "{wrong}");
        }
        assert!(is_label_value("") && is_label_value("a.b-c") && !is_label_value("a b"));
        assert!(!is_label_value(&"a".repeat(64)));
        assert_eq!(label_value("1.4.0+build.7"), "1.4.0_build.7");
        assert!(is_variable("HF_HOME") && !is_variable("9A") && !is_variable("A=B"));
    }
}
