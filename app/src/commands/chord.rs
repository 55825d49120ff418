use crate::platform;

/// A key with what is held beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chord {
    /// The key, as `KeyboardEvent.key` names it, letters small.
    key: &'static str,
    /// Ctrl, or ⌘ on a Mac.
    primary: bool,
    shift: bool,
}

impl Chord {
    /// A key alone.
    pub(crate) const fn key(key: &'static str) -> Self {
        Self {
            key,
            primary: false,
            shift: false,
        }
    }

    /// With Ctrl or ⌘.
    pub(crate) const fn ctrl(key: &'static str) -> Self {
        Self {
            key,
            primary: true,
            shift: false,
        }
    }

    /// With Ctrl or ⌘, and Shift.
    pub(crate) const fn ctrl_shift(key: &'static str) -> Self {
        Self {
            key,
            primary: true,
            shift: true,
        }
    }

    /// Whether it works within a text field: undo and redo belong to the field there.
    pub(crate) fn while_typing(self) -> bool {
        self.primary && !matches!(self.key, "z" | "y" | "a" | "c" | "x" | "v" | "d")
    }

    /// Whether this was pressed.
    pub(crate) fn matches(self, event: &web_sys::KeyboardEvent) -> bool {
        let primary = if platform::is_mac() {
            event.meta_key()
        } else {
            event.ctrl_key()
        };
        // A sign such as `?` needs Shift on some keyboards and none on others.
        let sign = self.key.len() == 1
            && !self
                .key
                .starts_with(|key: char| key.is_ascii_alphanumeric());
        primary == self.primary
            && !event.alt_key()
            && (sign || event.shift_key() == self.shift)
            && event.key().to_lowercase() == self.key.to_lowercase()
    }

    /// As menus show it: `Ctrl Shift Z`.
    pub(crate) fn label(self) -> String {
        let mac = platform::is_mac();
        let mut parts = Vec::new();
        if self.primary {
            parts.push(if mac { "⌘" } else { "Ctrl" }.to_owned());
        }
        if self.shift {
            parts.push(if mac { "⇧" } else { "Shift" }.to_owned());
        }
        parts.push(match self.key {
            " " => "Space".to_owned(),
            "Delete" => "Del".to_owned(),
            key if key.len() == 1 => key.to_uppercase(),
            key => key.to_owned(),
        });
        parts.join(" ")
    }
}
