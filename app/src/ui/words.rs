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
