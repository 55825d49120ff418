//! Times as gateways and meshes write them: whole milliseconds, each in another notation.

use core::fmt::Write as _;

use crate::spec::Duration;

/// A time in milliseconds, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Millis(pub(super) u64);

const NANOS: u64 = 1_000_000;

impl Millis {
    /// A time, rounded up.
    pub(super) fn of(time: Duration) -> Self {
        Self(time.0.div_ceil(NANOS).max(1))
    }

    /// How much it is above the time that it stands for.
    pub(super) fn above(self, time: Duration) -> Duration {
        Duration(self.0.saturating_mul(NANOS).saturating_sub(time.0))
    }

    /// `1h30m`, `1s500ms`: Gateway API, which knows no fractions and at most five digits of each
    /// unit; `None` for what takes more hours.
    pub(super) fn gateway(self) -> Option<String> {
        let mut rest = self.0;
        let mut text = String::new();
        for (unit, word) in [(3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")] {
            let count = rest.checked_div(unit)?;
            rest = rest.checked_rem(unit)?;
            if count > 99_999 {
                return None;
            }
            if count > 0 {
                let _ = write!(text, "{count}{word}");
            }
        }
        Some(text)
    }

    /// `1.5s`: protocol buffers, as Istio reads them.
    pub(super) fn protobuf(self) -> String {
        let (whole, rest) = (self.0.div_euclid(1000), self.0.rem_euclid(1000));
        if rest == 0 {
            return format!("{whole}s");
        }
        let text = format!("{whole}.{rest:03}");
        format!("{}s", text.trim_end_matches('0'))
    }

    /// `1500ms`: Linkerd, which takes one unit.
    pub(super) fn linkerd(self) -> String {
        match (self.0.checked_rem(1000), self.0.checked_div(1000)) {
            (Some(0), Some(whole)) => format!("{whole}s"),
            _ => format!("{}ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_each_notation() {
        for (nanos, gateway, protobuf, linkerd) in [
            (1, "1ms", "0.001s", "1ms"),
            (200_000_000, "200ms", "0.2s", "200ms"),
            (1_500_000_000, "1s500ms", "1.5s", "1500ms"),
            (90_000_000_000, "1m30s", "90s", "90s"),
            (5_400_001_000_000, "1h30m1ms", "5400.001s", "5400001ms"),
        ] {
            let time = Millis::of(Duration(nanos));
            assert_eq!(time.gateway().as_deref(), Some(gateway));
            assert_eq!((&*time.protobuf(), &*time.linkerd()), (protobuf, linkerd));
        }
        assert_eq!(
            Millis::of(Duration(1_000_001)).above(Duration(1_000_001)),
            Duration(999_999)
        );
        assert_eq!(Millis(u64::MAX).gateway(), None);
    }
}
