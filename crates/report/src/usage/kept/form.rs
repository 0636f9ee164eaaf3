//! The bytes of one amount.

use super::varint::{self, Cursor};
use crate::money::NanoDollars;
use crate::usage::item::Tokens;
use crate::usage::mapping::Role;

/// The questions whose answers are kept, by the bits of [`Amount::roles`].
pub(super) const ROLES: [Role; 4] = [Role::Tokens, Role::Cost, Role::Requests, Role::Active];
/// How many bits of the flags tell for which roles an amount was chosen; those above tell which
/// numbers follow.
const ROLE_BITS: u32 = ROLES.len() as u32;

/// What one chosen item amounts to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) time: i64,
    /// For which of [`ROLES`] it was chosen, a bit each.
    pub(super) roles: u8,
    pub(super) tokens: Tokens,
    pub(super) cost: Option<NanoDollars>,
    pub(super) calls: u64,
    pub(super) duration: Option<i64>,
    pub(super) active: Option<i64>,
}

impl Amount {
    pub(super) fn is_for(&self, role: usize) -> bool {
        self.roles & (1 << role) != 0
    }

    /// Appends it; `before` is the time of the one before.
    pub(super) fn put(&self, before: i64, to: &mut Vec<u8>) {
        let Tokens {
            input,
            cache_read,
            cache_creation,
            output,
            reasoning,
        } = self.tokens;
        let numbers = [
            input,
            cache_read,
            cache_creation,
            output,
            reasoning,
            self.cost.map(|cost| varint::of_signed(cost.0)),
            (self.calls != 0).then_some(self.calls),
            self.duration.map(varint::of_signed),
            self.active.map(varint::of_signed),
        ];
        let mut flags = u64::from(self.roles);
        for (bit, number) in (ROLE_BITS..).zip(numbers) {
            flags |= u64::from(number.is_some()) << bit;
        }
        varint::put_signed(self.time.wrapping_sub(before), to);
        varint::put(flags, to);
        for number in numbers.into_iter().flatten() {
            varint::put(number, to);
        }
    }

    /// Reads the next one.
    pub(super) fn read(before: i64, cursor: &mut Cursor<'_>) -> Option<Self> {
        let time = before.wrapping_add(cursor.signed()?);
        let flags = cursor.number()?;
        let mut bit = ROLE_BITS;
        let mut numbers = [None; 9];
        for number in &mut numbers {
            if flags & (1 << bit) != 0 {
                *number = Some(cursor.number()?);
            }
            bit += 1;
        }
        if flags >> bit != 0 {
            return None;
        }
        let [
            input,
            cache_read,
            cache_creation,
            output,
            reasoning,
            cost,
            calls,
            duration,
            active,
        ] = numbers;
        Some(Self {
            time,
            roles: (flags & ((1 << ROLE_BITS) - 1)) as u8,
            tokens: Tokens {
                input,
                cache_read,
                cache_creation,
                output,
                reasoning,
            },
            cost: cost.map(|cost| NanoDollars(varint::signed(cost))),
            calls: calls.unwrap_or(0),
            duration: duration.map(varint::signed),
            active: active.map(varint::signed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Number = Option<u64>;
    type Signed = Option<i64>;

    proptest! {
        #[test]
        fn amounts_come_back(
            (before, time, roles) in any::<(i64, i64, u8)>(),
            (input, cache_read, cache_creation) in any::<(Number, Number, Number)>(),
            (output, reasoning, calls) in any::<(Number, Number, u64)>(),
            (cost, duration, active) in any::<(Signed, Signed, Signed)>(),
        ) {
            let amount = Amount {
                time,
                roles: roles & 15,
                tokens: Tokens { input, cache_read, cache_creation, output, reasoning },
                cost: cost.map(NanoDollars),
                calls,
                duration,
                active,
            };
            let mut bytes = Vec::new();
            amount.put(before, &mut bytes);
            let mut cursor = Cursor(&bytes);
            prop_assert_eq!(Amount::read(before, &mut cursor), Some(amount));
            prop_assert!(cursor.0.is_empty());
            for end in 0..bytes.len() {
                prop_assert_eq!(Amount::read(before, &mut Cursor(&bytes[..end])), None);
            }
        }
    }
}
