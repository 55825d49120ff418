//! Quantities with a unit. Each is an integer of a small base unit, so that nothing is rounded
//! between reading, digest and export.

use core::fmt;

use serde_json::json;

use super::form::{Form, TextUse, Unit};
use super::reader::{Reader, Shape};
use crate::yaml::Node;

/// A suffix and how many base units it stands for.
type Scale = (&'static str, u128);

/// Reads `12.5ms`: digits, a fraction, a suffix. `None` when it is not that; rounded to nearest.
fn quantity(text: &str, scales: &[Scale], bare: Option<u128>) -> Option<u64> {
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(split)?;
    let suffix = suffix.trim_start();
    let scale = if suffix.is_empty() {
        bare?
    } else {
        scales.iter().find(|(known, _)| *known == suffix)?.1
    };
    decimal(number, scale)
}

/// `number` (digits with at most one point) × scale, rounded to nearest.
fn decimal(number: &str, scale: u128) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 18 {
        return None;
    }
    let whole: u128 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let part: u128 = if fraction.is_empty() {
        0
    } else {
        fraction.parse().ok()?
    };
    let base = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = part
        .checked_mul(scale)?
        .checked_add(base.checked_div(2)?)?
        .checked_div(base)?;
    u64::try_from(whole.checked_mul(scale)?.checked_add(part)?).ok()
}

/// The shortest exact text of `value` base units: the largest scale that leaves at most two
/// decimals.
fn shortest(value: u64, scales: &[Scale]) -> String {
    let value = u128::from(value);
    let exact = |&&(_, scale): &&Scale| {
        let hundredth = scale.checked_div(100).filter(|_| scale % 100 == 0);
        value >= scale
            && (value.checked_rem(scale) == Some(0)
                || hundredth.is_some_and(|unit| value.checked_rem(unit) == Some(0)))
    };
    let &(suffix, scale) = scales
        .iter()
        .rev()
        .find(exact)
        .or_else(|| scales.first())
        .unwrap_or(&("", 1));
    let whole = value.checked_div(scale).unwrap_or(0);
    let rest = value.checked_rem(scale).unwrap_or(0);
    let fraction = fraction(rest, scale);
    if fraction.is_empty() {
        format!("{whole}{suffix}")
    } else {
        format!("{whole}.{fraction}{suffix}")
    }
}

/// The decimals of `rest / scale`, as many as there are.
fn fraction(mut rest: u128, scale: u128) -> String {
    let mut digits = String::new();
    while rest > 0 && digits.len() < 18 {
        rest = rest.saturating_mul(10);
        let digit = rest.checked_div(scale).unwrap_or(0);
        digits.extend(
            u32::try_from(digit)
                .ok()
                .and_then(|digit| char::from_digit(digit, 10)),
        );
        rest = rest.checked_rem(scale).unwrap_or(0);
    }
    digits
}

macro_rules! units {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident $label:literal bare $bare:expr, example $example:literal,
        [$( $suffix:literal = $scale:expr ),* $(,)?];
    )*) => { $(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl $name {
            const SCALES: &'static [Scale] = &[ $( ($suffix, $scale) ),* ];
            const UNIT: Unit = Unit {
                name: $label,
                suffixes: &[ $( $suffix ),* ],
                example: $example,
                bare: { let bare: Option<u128> = $bare; bare.is_some() },
                normal: |text| Self::parse(text).map(|value| value.to_string()),
            };

            /// Reads a text such as the one that [`fmt::Display`] writes.
            pub fn parse(text: &str) -> Option<Self> {
                quantity(text, Self::SCALES, $bare).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&shortest(self.0, Self::SCALES))
            }
        }

        impl Shape for $name {
            fn form() -> Form {
                Form::Unit(&Self::UNIT)
            }

            fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
                let Some(scalar) = node.as_scalar() else {
                    reader.wrong_type(node, concat!("a ", $label, " such as `", $example, "`"));
                    return None;
                };
                let value = Self::parse(&scalar.text);
                if value.is_none() {
                    let mut diagnostic = reader.bad_value_diagnostic(
                        node,
                        concat!("a ", $label, " such as `", $example, "`"),
                    );
                    diagnostic.help = Some(
                        concat!("a number and one of", $( " `", $suffix, "`" ),*).to_owned(),
                    );
                    reader.report(diagnostic);
                }
                value
            }

            fn canonical(&self) -> serde_json::Value {
                json!(self.0)
            }
        }
    )* };
}

units! {
    /// A time, in nanoseconds.
    Duration "time" bare None, example "40ms", [
        "ns" = 1, "us" = 1_000, "ms" = 1_000_000, "s" = 1_000_000_000,
        "min" = 60_000_000_000, "h" = 3_600_000_000_000,
    ];
    /// A time that each of very many parts takes, in picoseconds: a token of context takes some
    /// tens of nanoseconds, a pair of tokens less than one.
    FineDuration "time" bare None, example "0.9ns", [
        "ns" = 1_000, "us" = 1_000_000, "ms" = 1_000_000_000, "s" = 1_000_000_000_000,
        "min" = 60_000_000_000_000, "h" = 3_600_000_000_000_000,
    ];
    /// A rate, in requests per 10⁹ minutes, so that both `rps` and `rpm` are exact.
    Rate "rate" bare None, example "20rps", [
        "rpm" = 1_000_000_000, "rps" = 60_000_000_000,
    ];
    /// A size, in bytes.
    Bytes "size" bare None, example "16GiB", [
        "B" = 1, "kB" = 1_000, "KiB" = 1_024, "MB" = 1_000_000, "MiB" = 1_048_576,
        "GB" = 1_000_000_000, "GiB" = 1_073_741_824, "TB" = 1_000_000_000_000,
        "TiB" = 1_099_511_627_776,
    ];
    /// A number of things: tokens, parameters, documents.
    Count "count" bare Some(1), example "8.03B", [
        "" = 1, "k" = 1_000, "M" = 1_000_000, "B" = 1_000_000_000, "T" = 1_000_000_000_000,
    ];
    /// A share, in millionths: 10⁶ is all.
    Percent "percentage" bare None, example "99.5%", [ "%" = 10_000, ];
    /// Money, in millionths of a US dollar.
    Money "price" bare None, example "40usd", [ "usd" = 1_000_000, ];
    /// Money per hour, in millionths of a US dollar.
    MoneyRate "price" bare None, example "2.95usd/h", [ "usd/h" = 1_000_000, ];
}

impl Duration {
    /// In milliseconds, for people.
    pub fn as_millis(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// In seconds.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl FineDuration {
    /// In nanoseconds.
    pub fn as_nanos(self) -> f64 {
        self.0 as f64 / 1e3
    }
}

impl Rate {
    /// In requests per second.
    pub fn per_second(self) -> f64 {
        self.0 as f64 / 60e9
    }
}

impl Percent {
    /// From 0 to 1.
    pub fn as_fraction(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl MoneyRate {
    /// In US dollars per hour.
    pub fn per_hour(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

/// CPU cores, in thousandths: `8`, `0.5` or `500m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cores(pub u64);

impl Shape for Cores {
    fn form() -> Form {
        Form::Text(TextUse::Cores)
    }

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let scales = [("m", 1_u128)];
        let scalar = node.as_scalar().map(|scalar| scalar.text.as_str());
        let value = scalar.and_then(|text| quantity(text, &scales, Some(1000)));
        if value.is_none() {
            reader.bad_value(node, "a number of CPU cores such as `8` or `500m`");
        }
        value.map(Self)
    }

    fn canonical(&self) -> serde_json::Value {
        json!(self.0)
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shortest(self.0, &[("", 1000)]))
    }
}

/// A part of a whole, `3/7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// Parts taken.
    pub part: u32,
    /// Parts there are.
    pub whole: u32,
}

impl Shape for Ratio {
    fn form() -> Form {
        Form::Text(TextUse::Ratio)
    }

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let value = node.as_scalar().and_then(|scalar| {
            let (part, whole) = scalar.text.split_once('/')?;
            let ratio = Self {
                part: part.trim().parse().ok()?,
                whole: whole.trim().parse().ok()?,
            };
            (ratio.part >= 1 && ratio.part <= ratio.whole).then_some(ratio)
        });
        if value.is_none() {
            reader.bad_value(node, "a part of a whole such as `3/7`");
        }
        value
    }

    fn canonical(&self) -> serde_json::Value {
        json!([self.part, self.whole])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_exactly() {
        assert_eq!(Duration::parse("40ms"), Some(Duration(40_000_000)));
        assert_eq!(Duration::parse("1.5 s"), Some(Duration(1_500_000_000)));
        assert_eq!(FineDuration::parse("0.9ns"), Some(FineDuration(900)));
        assert_eq!(Count::parse("8.03B"), Some(Count(8_030_000_000)));
        assert_eq!(Count::parse("64"), Some(Count(64)));
        assert_eq!(Bytes::parse("16GiB"), Some(Bytes(17_179_869_184)));
        assert_eq!(Rate::parse("20rps"), Some(Rate(1_200_000_000_000)));
        assert_eq!(Percent::parse("99.5%"), Some(Percent(995_000)));
        assert_eq!(MoneyRate::parse("2.95usd/h"), Some(MoneyRate(2_950_000)));
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in [
            "",
            "ms",
            "40",
            "1.2.3ms",
            "-4ms",
            "40 parsecs",
            "1e3ms",
            "99999999999h",
            ".",
        ] {
            assert_eq!(Duration::parse(text), None, "{text}");
        }
    }

    #[test]
    fn written_quantities_read_back() {
        for value in [
            0,
            1,
            999,
            1_000,
            1_500_000,
            40_000_000,
            1_234_567_891,
            90_000_000_000,
        ] {
            let text = Duration(value).to_string();
            assert_eq!(Duration::parse(&text), Some(Duration(value)), "{text}");
        }
        assert_eq!(Duration(1_500_000_000).to_string(), "1.5s");
        assert_eq!(FineDuration(900).to_string(), "0.9ns");
        assert_eq!(FineDuration(71_400).to_string(), "71.4ns");
        assert_eq!(Count(8_030_000_000).to_string(), "8.03B");
        assert_eq!(Count(1024).to_string(), "1024");
        assert_eq!(Bytes(17_179_869_184).to_string(), "16GiB");
        assert_eq!(Percent(999_995).to_string(), "99.9995%");
        assert_eq!(Rate(1_234_500_000).to_string(), "1.2345rpm");
    }
}
