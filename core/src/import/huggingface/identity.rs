use super::{Draft, Files, ID};
use crate::import::Place;

/// What a model is called, and where that is said.
#[derive(Debug)]
pub(super) struct Identity {
    /// The name that its node asks for.
    pub(super) wanted: String,
    /// Its id on a hub.
    pub(super) id: Option<String>,
    revision: Option<String>,
    /// Where the id was taken from.
    source: Option<(Place, &'static str)>,
}

impl Identity {
    /// From the folder as hubs' caches name it, else what the configuration was loaded from, else
    /// the last two folders.
    pub(super) fn of(folder: &str, files: &mut Files<'_>) -> Self {
        let first = files.place();
        let mut identity = Self {
            wanted: String::new(),
            id: None,
            revision: None,
            source: None,
        };
        let origin = files.config.as_mut().and_then(|config| {
            let origin = config.text("_name_or_path").filter(|id| is_id(id))?;
            Some((origin, config.place("_name_or_path")))
        });
        if let Some((id, revision)) = cached(folder) {
            identity.id = Some(id);
            identity.revision = revision;
        } else if let Some((id, place)) = origin {
            identity.id = Some(id.to_owned());
            identity.source = Some((
                place,
                "`_name_or_path`, which may name what it was tuned from",
            ));
        } else {
            let mut parts = folder.rsplit('/');
            let (own, above) = (parts.next().unwrap_or_default(), parts.next());
            let id = match above {
                Some(above) => format!("{above}/{own}"),
                None => own.to_owned(),
            };
            if is_id(&id) {
                identity.id = Some(id);
                identity.source = Some((first, "the folders"));
            } else if !own.is_empty() {
                own.clone_into(&mut identity.wanted);
            }
        }
        if let Some(id) = &identity.id {
            identity.wanted = id.rsplit('/').next().unwrap_or(id).replace('.', "-");
        }
        if identity.wanted.is_empty() {
            "model".clone_into(&mut identity.wanted);
        }
        identity.wanted = crate::export::dns_label(&identity.wanted);
        identity
    }

    /// States the id and revision of a node's model.
    pub(super) fn write(&self, node: &str, draft: &mut Draft) {
        let Some(id) = &self.id else { return };
        draft.put(node, &["model", "id"], &**id);
        if let Some(revision) = &self.revision {
            draft.put(node, &["model", "revision"], &**revision);
        }
        if let Some((place, source)) = &self.source {
            let message = format!("the id of `{node}`'s model is taken from {source}");
            draft.guess(&ID, place.clone(), Some(node), message, &**id);
        }
    }
}

/// Whether a text is an id of a hub, `owner/name`, rather than a path of somebody's disk.
fn is_id(text: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    text.split_once('/').is_some_and(|(owner, name)| {
        part(owner) && part(name) && !matches!(owner, "models" | "model" | "tmp" | "home" | "data")
    })
}

/// The id and revision of a folder in a hub's cache: `models--owner--name/snapshots/revision`.
fn cached(folder: &str) -> Option<(String, Option<String>)> {
    let mut parts = folder
        .split('/')
        .skip_while(|part| !part.starts_with("models--"));
    let name = parts.next()?.strip_prefix("models--")?;
    let id = name.replacen("--", "/", 1);
    let revision = match (parts.next(), parts.next()) {
        (Some("snapshots"), Some(revision)) => Some(revision.to_owned()),
        _ => None,
    };
    is_id(&id).then_some((id, revision))
}
