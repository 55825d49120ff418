use super::types::{Fact, Param};

/// What is known of a type, in the order of its parameters. They are few, and graphs have many
/// types: a list is smaller than a tree, and sooner copied.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts(Vec<(Param, Fact)>);

impl Facts {
    /// The fact of a parameter.
    pub fn get(&self, param: &Param) -> Option<&Fact> {
        let at = self.place(*param).ok()?;
        self.0.get(at).map(|(_, fact)| fact)
    }

    /// Whether a parameter is known.
    pub fn contains_key(&self, param: &Param) -> bool {
        self.place(*param).is_ok()
    }

    /// States a fact, in the place of what was known of its parameter.
    pub fn insert(&mut self, param: Param, fact: Fact) {
        match self.place(param) {
            Ok(at) => {
                if let Some((_, known)) = self.0.get_mut(at) {
                    *known = fact;
                }
            }
            Err(at) => self.0.insert(at, (param, fact)),
        }
    }

    /// States a fact, unless something is known of its parameter.
    pub fn or_insert_with(&mut self, param: Param, fact: impl FnOnce() -> Fact) {
        if let Err(at) = self.place(param) {
            self.0.insert(at, (param, fact()));
        }
    }

    /// Keeps the facts for which this holds.
    pub fn retain(&mut self, mut keep: impl FnMut(Param) -> bool) {
        self.0.retain(|(param, _)| keep(*param));
    }

    /// How many facts are known.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is known.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All facts, with their parameters.
    pub fn iter(&self) -> impl Iterator<Item = (&Param, &Fact)> {
        self.0.iter().map(|(param, fact)| (param, fact))
    }

    /// The parameters of which something is known.
    pub fn keys(&self) -> impl Iterator<Item = &Param> {
        self.0.iter().map(|(param, _)| param)
    }

    /// All facts.
    pub fn values(&self) -> impl Iterator<Item = &Fact> {
        self.0.iter().map(|(_, fact)| fact)
    }

    /// All facts, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Fact> {
        self.0.iter_mut().map(|(_, fact)| fact)
    }

    /// Where a parameter stands, or would.
    fn place(&self, param: Param) -> Result<usize, usize> {
        self.0.binary_search_by_key(&param, |(known, _)| *known)
    }
}

impl Extend<(Param, Fact)> for Facts {
    fn extend<I: IntoIterator<Item = (Param, Fact)>>(&mut self, facts: I) {
        for (param, fact) in facts {
            self.insert(param, fact);
        }
    }
}
