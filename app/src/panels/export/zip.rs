//! A zip archive whose files are stored as they are, after PKWARE's APPNOTE 6.3.

/// 1980-01-01 00:00, the first moment that the format can say: equal files give equal bytes.
const DATE: u16 = (1 << 5) | 1;
/// Names are UTF-8.
const UTF8: u16 = 1 << 11;
/// The version needed: 2.0.
const VERSION: u16 = 20;

/// An archive of files, each a path and its bytes. They hold less than 4 GiB together.
pub(super) fn archive<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    let mut count = 0_u16;
    for (path, content) in files {
        let offset = size(bytes.len());
        let mut common = Vec::new();
        for half in [VERSION, UTF8, 0, 0, DATE] {
            common.extend(half.to_le_bytes());
        }
        for word in [crc32(content), size(content.len()), size(content.len())] {
            common.extend(word.to_le_bytes());
        }
        common.extend(half(path.len()).to_le_bytes());
        common.extend(0_u16.to_le_bytes());

        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend(path.as_bytes());
        bytes.extend(content);

        directory.extend(b"PK\x01\x02");
        directory.extend(VERSION.to_le_bytes());
        directory.extend(&common);
        // No comment, disk 0, no attributes.
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(path.as_bytes());
        count = count.saturating_add(1);
    }
    let start = size(bytes.len());
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend(size(directory.len()).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend(0_u16.to_le_bytes());
    bytes
}

fn size(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn half(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// The checksum of ISO 3309 that zip uses.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::{archive, crc32};

    #[test]
    fn the_checksum_has_its_known_answer() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn the_directory_points_to_each_file() {
        let bytes = archive([("a.yaml", &b"a: 1\n"[..]), ("b/c.yaml", &b""[..])]);
        let end = bytes.len() - 22;
        assert_eq!(&bytes[end..end + 4], b"PK\x05\x06");
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let mut entry = word(end + 16);
        for path in ["a.yaml", "b/c.yaml"] {
            assert_eq!(&bytes[entry..entry + 4], b"PK\x01\x02");
            let file = word(entry + 42);
            assert_eq!(&bytes[file..file + 4], b"PK\x03\x04");
            assert_eq!(&bytes[file + 30..file + 30 + path.len()], path.as_bytes());
            entry += 46 + path.len();
        }
        assert_eq!(entry, end);
    }
}
