/// A number to three digits, without zeros behind.
pub(crate) fn figure(value: f64) -> String {
    let size = value.abs();
    let text = if size >= 100.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    };
    match text.split_once('.') {
        Some((whole, rest)) => {
            let rest = rest.trim_end_matches('0');
            if rest.is_empty() {
                whole.to_owned()
            } else {
                format!("{whole}.{rest}")
            }
        }
        None => text,
    }
}

/// A size as people read it: `512 B`, `66 kB`, `1.2 GB`.
pub(crate) fn bytes(count: u64) -> String {
    let units = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let count = count as f64;
    let unit = units.into_iter().find(|(size, _)| count >= *size);
    unit.map_or_else(
        || format!("{count:.0} B"),
        |(size, unit)| format!("{} {unit}", figure(count / size)),
    )
}

/// A time in milliseconds as people read it: `840 µs`, `12.4 ms`, `1.2 s`.
pub(crate) fn duration(ms: f64) -> String {
    if ms >= 60_000.0 {
        format!("{} min", figure(ms / 60_000.0))
    } else if ms >= 1000.0 {
        format!("{} s", figure(ms / 1000.0))
    } else if ms >= 1.0 || ms == 0.0 {
        format!("{} ms", figure(ms))
    } else {
        format!("{} µs", figure(ms * 1000.0))
    }
}

/// A count with its thousands set apart: `1,000,000`.
pub(crate) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_are_said_to_three_digits() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(65_536), "65.5 kB");
        assert_eq!(bytes(1_200_000_000), "1.2 GB");
    }
}
