//! Revisions of models.

/// Whether two revisions are one: equal, or one the beginning of the other, as commits are often cut short.
pub(crate) fn same_revision(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let commit = short.len() >= 7 && long.bytes().all(|byte| byte.is_ascii_hexdigit());
    short == long || (commit && long.starts_with(short))
}

#[cfg(test)]
mod tests {
    use super::same_revision;

    #[test]
    fn a_commit_may_be_cut_short() {
        assert!(same_revision("d4aa690", "d4aa6901b7e2"));
        assert!(same_revision("v1.5", "v1.5"));
        assert!(!same_revision("v1", "v1.5"));
        assert!(!same_revision("d4aa690", "d4aa691"));
        assert!(!same_revision("d4aa", "d4aa6901b7e2"));
    }
}
