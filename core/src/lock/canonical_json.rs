use crate::order::Arrange as _;
use serde_json::{Number, Value};

/// The largest whole number that every JSON reader keeps exactly.
const LARGEST_EXACT: u64 = (1 << 53) - 1;

/// A value as RFC 8785 canonical JSON: no spaces, keys by their UTF-16 code units, numbers as
/// ECMAScript writes them. Whole numbers beyond 2⁵³ − 1 become texts, as the RFC advises.
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.arrange_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (at, (key, value)) in entries.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_text(key, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    }
}

/// `serde_json` escapes texts as the RFC asks: short escapes, small hexadecimal, nothing more.
fn write_text(text: &str, out: &mut String) {
    out.push_str(&Value::from(text).to_string());
}

fn write_number(number: &Number, out: &mut String) {
    let whole = number
        .as_u64()
        .or_else(|| number.as_i64().map(i64::unsigned_abs));
    match (whole, number.as_f64()) {
        (Some(size), _) if size <= LARGEST_EXACT => out.push_str(&number.to_string()),
        (Some(_), _) => write_text(&number.to_string(), out),
        (None, Some(value)) => out.push_str(&ecmascript(value)),
        (None, None) => out.push_str("null"),
    }
}

/// A finite number as ECMAScript's `Number::toString` writes it.
fn ecmascript(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let sign = if value < 0.0 { "-" } else { "" };
    // Rust's exponent form has the same shortest digits: `1.25e-7`.
    let shortest = format!("{:e}", value.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits: String = mantissa.chars().filter(|&digit| digit != '.').collect();
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    // The decimal point stands behind so many of the digits.
    let point = exponent.saturating_add(1);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let split = |at: i32| {
        let at = usize::try_from(at).unwrap_or(0);
        digits.split_at_checked(at).unwrap_or((&digits, ""))
    };
    let body = match point {
        1..=21 if count <= point => format!("{digits}{}", zeros(point.saturating_sub(count))),
        1..=21 => {
            let (whole, fraction) = split(point);
            format!("{whole}.{fraction}")
        }
        -5..=0 => format!("0.{}{digits}", zeros(point.saturating_neg())),
        _ => {
            let (first, rest) = split(1);
            let dot = if rest.is_empty() { "" } else { "." };
            let plus = if exponent > 0 { "+" } else { "" };
            format!("{first}{dot}{rest}e{plus}{exponent}")
        }
    };
    format!("{sign}{body}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The numbers of RFC 8785, appendix B, by their bits.
    #[test]
    fn numbers_are_written_as_ecmascript_does() {
        for (bits, wanted) in [
            (0x0000_0000_0000_0000_u64, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        ] {
            assert_eq!(ecmascript(f64::from_bits(bits)), wanted, "{bits:016x}");
        }
    }

    #[test]
    fn keys_are_ordered_by_their_utf16_code_units() {
        let value = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
        let text = "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}";
        assert_eq!(canonical_json(&value), text);
    }

    #[test]
    fn texts_are_escaped_no_further_than_they_must() {
        let value = json!([
            "\u{20ac}$\u{f}\nA'B\"\\\\\"/",
            null,
            true,
            -7,
            1.0,
            u64::MAX
        ]);
        let text =
            "[\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\",null,true,-7,1,\"18446744073709551615\"]";
        assert_eq!(canonical_json(&value), text);
    }
}
