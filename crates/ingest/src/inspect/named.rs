//! Things with names, counted: a bounded number of them, each name stored once.

use std::collections::HashMap;

/// Separates the parts of a name; no service, scope or metric has it in its name for a reason.
const SEPARATOR: char = '\u{1f}';

/// Values by name. The first names up to a bound are kept, later ones are not.
#[derive(Debug)]
pub(crate) struct Named<T> {
    numbers: HashMap<String, usize>,
    values: Vec<T>,
    bound: usize,
    key: String,
    /// Whether a name was not kept.
    pub is_cut: bool,
}

impl<T> Named<T> {
    pub fn new(bound: usize) -> Self {
        Self {
            numbers: HashMap::new(),
            values: Vec::new(),
            bound,
            key: String::new(),
            is_cut: false,
        }
    }

    /// The number of the value of a name in parts, made by `new` if the name is new; `None`
    /// beyond the bound.
    pub fn number(&mut self, name: &[&str], new: impl FnOnce() -> T) -> Option<usize> {
        self.key.clear();
        for part in name {
            self.key.push_str(part);
            self.key.push(SEPARATOR);
        }
        if let Some(number) = self.numbers.get(&self.key) {
            return Some(*number);
        }
        if self.values.len() >= self.bound {
            self.is_cut = true;
            return None;
        }
        self.numbers.insert(self.key.clone(), self.values.len());
        self.values.push(new());
        Some(self.values.len() - 1)
    }

    /// The value of a number that [`Self::number`] gave.
    pub fn get_mut(&mut self, number: usize) -> &mut T {
        &mut self.values[number]
    }

    /// All values, in the order in which they came.
    pub fn into_values(self) -> Vec<T> {
        self.values
    }
}

#[cfg(test)]
mod tests {
    use super::Named;

    #[test]
    fn names_are_counted_up_to_the_bound() {
        let mut named = Named::new(2);
        let a = named.number(&["a", "b"], || 0).unwrap();
        assert_ne!(named.number(&["ab", ""], || 0), Some(a));
        assert_eq!(named.number(&["a", "b"], || 9), Some(a));
        assert!(!named.is_cut);
        assert_eq!(named.number(&["c", ""], || 0), None);
        assert!(named.is_cut);
        *named.get_mut(a) += 1;
        assert_eq!(named.into_values(), [1, 0]);
    }
}
