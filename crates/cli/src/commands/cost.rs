//! The questions of `otolith report cost`.

use anyhow::Result;
use otolith_report::{
    Calendar, CostQuery, Data, Dimension, Pricing, ReconcileQuery, Report, ReportError, Selection,
};

use super::pricing;
use crate::args::CostArgs;

/// What is asked of cost.
pub struct CostQuestion {
    /// Dimensions of the rows.
    pub by: Vec<Dimension>,
    pricing: Pricing,
    shown: Shown,
}

/// What the rows are.
enum Shown {
    Groups,
    Requests,
    Sources,
}

impl CostQuestion {
    /// The question that was typed; reads the price file.
    pub fn of(args: &CostArgs) -> Result<Self> {
        Ok(Self {
            by: args.by.clone(),
            pricing: pricing::read(&args.pricing)?,
            shown: match (args.reconcile, args.explain) {
                (true, _) => Shown::Sources,
                (false, true) => Shown::Requests,
                (false, false) => Shown::Groups,
            },
        })
    }

    /// The answer.
    pub fn ask(
        self,
        data: Data<'_>,
        calendar: Calendar,
        selection: Selection,
    ) -> Result<Report, ReportError> {
        let Self { by, pricing, shown } = self;
        let ask = match shown {
            Shown::Sources => {
                let query = ReconcileQuery {
                    calendar,
                    selection,
                    pricing,
                };
                return otolith_report::reconcile(data, &query);
            }
            Shown::Requests => otolith_report::explain_cost,
            Shown::Groups => otolith_report::cost,
        };
        let query = CostQuery {
            by,
            calendar,
            selection,
            pricing,
        };
        ask(data, &query)
    }
}
