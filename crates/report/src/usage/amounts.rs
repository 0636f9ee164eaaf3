//! What was spent, for reports that add it up: as rows tell it, or as it was kept.

use super::item::Item;
use super::kept::Kept;
use super::mapping::{MAPPING, Role};
use super::model::Items;
use super::record::{Places, UsageRecord};
use crate::data::Data;
use crate::error::ReportError;
use crate::notes::Notes;
use crate::query::Selection;

/// What the sources of data tell in a selected time.
pub(crate) struct Amounts<'s> {
    selection: &'s Selection,
    told: ToldBy,
}

enum ToldBy {
    Rows(Items),
    Kept(Box<Kept>),
}

impl<'s> Amounts<'s> {
    pub(crate) fn read(
        data: Data<'_>,
        selection: &'s Selection,
        notes: &mut Notes,
    ) -> Result<Self, ReportError> {
        let told = match Kept::read(data, selection, notes)? {
            Some(kept) => ToldBy::Kept(Box::new(kept)),
            None => ToldBy::Rows(Items::read(data, selection, notes)?),
        };
        Ok(Self { selection, told })
    }

    /// Hands out the usage records, in no order that means anything, without ids of requests and
    /// prompts and without addresses.
    pub(crate) fn each_record(&self, notes: &mut Notes, mut take: impl FnMut(&UsageRecord)) {
        match &self.told {
            ToldBy::Rows(items) => items.usage(self.selection, notes).iter().for_each(take),
            ToldBy::Kept(kept) => {
                let roles = [Role::Tokens, Role::Cost];
                for role in roles {
                    kept.note(role, notes);
                }
                let [tokens, costs] = roles.map(|role| {
                    let runs = kept.runs(&[role]);
                    Places::of(runs.map(|run| &*run.told))
                });
                for run in kept.runs(&roles) {
                    let mut record = UsageRecord::of(&MAPPING, &run.told);
                    let places = (tokens.that_tell(&run.told), costs.that_tell(&run.told));
                    let mut unpriced = 0;
                    kept.each(run, roles, self.selection, |item, [tokens, cost]| {
                        record.amounts(item, (tokens, cost));
                        record.lacks(item, (tokens, cost), places);
                        unpriced += u64::from(record.lacks_cost);
                        take(&record);
                    });
                    record.note_unpriced(unpriced, notes);
                }
            }
        }
    }

    /// Hands out the items that were chosen for one of the kept roles, in no order that means anything.
    pub(crate) fn each_chosen(&self, role: Role, notes: &mut Notes, mut take: impl FnMut(&Item)) {
        match &self.told {
            ToldBy::Rows(items) => {
                let chosen = items.chosen(role, self.selection, notes);
                chosen.into_iter().for_each(|(_, item)| take(item));
            }
            ToldBy::Kept(kept) => {
                kept.note(role, notes);
                for run in kept.runs(&[role]) {
                    kept.each(run, [role], self.selection, |item, _| take(item));
                }
            }
        }
    }
}
