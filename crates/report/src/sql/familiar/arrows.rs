//! How tightly `->` and `->>` bind.

use sqlparser::ast::{BinaryOperator, Expr, Value};
use std::mem::replace;

/// Lets an arrow take the literal behind it and no more.
///
/// The parser lets comparisons bind more tightly: `a ->> ('x' = 'y')`. Everybody who writes
/// `a ->> 'x' = 'y'` means the other.
pub(super) fn bind(expr: &mut Expr) {
    let Expr::BinaryOp {
        op: BinaryOperator::Arrow | BinaryOperator::LongArrow,
        right,
        ..
    } = expr
    else {
        return;
    };
    if matches!(right.as_ref(), Expr::Value(_)) || !matches!(leftmost(right), Expr::Value(_)) {
        return;
    }
    let whole = replace(right.as_mut(), nothing());
    let mut arrow = replace(expr, whole);
    let leaf = leftmost(expr);
    if let Expr::BinaryOp { right, .. } = &mut arrow {
        **right = replace(leaf, nothing());
    }
    *leaf = arrow;
}

fn nothing() -> Expr {
    Expr::value(Value::Null)
}

/// The first operand of an expression, as far as no brackets are around it.
fn leftmost(expr: &mut Expr) -> &mut Expr {
    match expr {
        Expr::BinaryOp { left: inner, .. }
        | Expr::IsNull(inner)
        | Expr::IsNotNull(inner)
        | Expr::InList { expr: inner, .. }
        | Expr::InSubquery { expr: inner, .. }
        | Expr::Between { expr: inner, .. }
        | Expr::Like { expr: inner, .. }
        | Expr::ILike { expr: inner, .. } => leftmost(inner),
        other => other,
    }
}
