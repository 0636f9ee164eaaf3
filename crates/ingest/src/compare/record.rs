//! An item as it is compared.

use otolith_capture::Signal;

/// Identity and origin of an item. Compared by identity, then by origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Record {
    /// Hash of all of it but its time.
    pub hash: u128,
    /// Its time, to which its other times are relative; 0 if it has none.
    pub time: u64,
    /// Number of the file.
    pub file: u32,
    /// Number of the frame in the file, from 1.
    pub frame: u64,
    /// Number of the item in the frame, from 1; 0 if it is not known.
    pub item: u32,
    /// Number of the service, and the signal in the lowest two bits.
    class: u32,
}

/// Bytes of a record in a file.
pub(super) const RECORD_BYTES: usize = 44;

/// Numbers of services go up to this.
pub(super) const MAX_SERVICE: u32 = (1 << 30) - 1;

impl Record {
    /// Makes a record. The number of a service is at most [`MAX_SERVICE`].
    pub fn new(hash: u128, time: u64, (file, frame, item): (u32, u64, u32), class: Class) -> Self {
        Self {
            hash,
            time,
            file,
            frame,
            item,
            class: class.service << 2 | class.signal as u32,
        }
    }

    pub fn class(&self) -> Class {
        Class {
            service: self.class >> 2,
            signal: Signal::ALL[(self.class & 3).min(2) as usize],
        }
    }

    /// The same with other numbers of file and service.
    pub fn renumbered(self, file: u32, service: u32) -> Self {
        Self {
            file,
            class: service << 2 | self.class & 3,
            ..self
        }
    }

    pub fn to_bytes(self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        bytes[..16].copy_from_slice(&self.hash.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.time.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.file.to_le_bytes());
        bytes[28..36].copy_from_slice(&self.frame.to_le_bytes());
        bytes[36..40].copy_from_slice(&self.item.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.class.to_le_bytes());
        bytes
    }

    pub fn from_bytes(bytes: &[u8; RECORD_BYTES]) -> Self {
        fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
            let mut part = [0; N];
            part.copy_from_slice(&bytes[at..at + N]);
            part
        }
        Self {
            hash: u128::from_le_bytes(part(bytes, 0)),
            time: u64::from_le_bytes(part(bytes, 16)),
            file: u32::from_le_bytes(part(bytes, 24)),
            frame: u64::from_le_bytes(part(bytes, 28)),
            item: u32::from_le_bytes(part(bytes, 36)),
            class: u32::from_le_bytes(part(bytes, 40)),
        }
    }
}

/// What items are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Class {
    pub signal: Signal,
    pub service: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_from_bytes() {
        let class = Class {
            signal: Signal::Logs,
            service: MAX_SERVICE,
        };
        let record = Record::new(u128::MAX - 5, 7, (1, u64::MAX, 3), class);
        let back = Record::from_bytes(&record.to_bytes());
        assert_eq!(back, record);
        assert_eq!(back.class(), class);
        let other = back.renumbered(9, 2).class();
        assert_eq!((other.signal, other.service), (Signal::Logs, 2));
    }
}
