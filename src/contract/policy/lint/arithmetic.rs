//! Which operations of a rule can fail when it is evaluated, found in its JSON form.
//!
//! What the strict validator leaves: integers are of 64 bits, and sums, differences, products and
//! negations beyond them fail; so do functions of the engine's extension types (dates, addresses,
//! decimals) on texts that are no such value, and sums of dates. The facts' own bounds are known:
//! `context.score + 50` cannot fail.

use serde_json::Value;

/// The least and the greatest value that an expression can have.
#[derive(Clone, Copy, Debug)]
struct Range {
    least: i128,
    most: i128,
}

/// Any integer; also what stands for an expression that is no integer.
const ANY: Range = Range {
    least: i64::MIN as i128,
    most: i64::MAX as i128,
};

/// Functions that make a value of an extension type from a text.
const CONSTRUCTORS: [&str; 4] = ["ip", "decimal", "datetime", "duration"];

/// Functions of extension types that can go beyond their bounds.
const BEYOND_BOUNDS: [&str; 2] = ["offset", "durationSince"];

impl Range {
    const fn between(least: i128, most: i128) -> Self {
        Self { least, most }
    }

    /// The bounds of a fact (see the default schema).
    fn of_fact(name: &str) -> Self {
        match name {
            "score" | "requester_score" | "recipient_score" | "standing" => Self::between(0, 1000),
            // Of 32 bits.
            "patients" | "patients_max" => Self::between(0, 1 << 32),
            // Days are numbers of 32 bits, and this is the difference of two.
            "study_age_days" => Self::between(-(1 << 32), 1 << 32),
            _ => ANY,
        }
    }

    fn within_bounds(self) -> bool {
        self.least >= ANY.least && self.most <= ANY.most
    }

    fn spanning(values: &[i128]) -> Self {
        let least = values.iter().min().copied();
        let most = values.iter().max().copied();
        Self {
            least: least.unwrap_or(ANY.least),
            most: most.unwrap_or(ANY.most),
        }
    }

    /// The bounds of `self operator other`.
    fn combined(self, operator: &str, other: Self) -> Self {
        let (a, b) = (self, other);
        let saturating = match operator {
            "+" => i128::saturating_add,
            "-" => i128::saturating_sub,
            _ => i128::saturating_mul,
        };
        // Each of these operators is greatest and least at some of the corners.
        Self::spanning(&[
            saturating(a.least, b.least),
            saturating(a.least, b.most),
            saturating(a.most, b.least),
            saturating(a.most, b.most),
        ])
    }
}

/// The operations in a rule that can fail, as texts for people.
pub(super) fn operations_that_may_fail(form: &Value) -> Vec<String> {
    let mut failing = Vec::new();
    look(form, &mut failing);
    failing
}

/// Looks through a form for operations that can fail; the bounds of its value.
fn look(form: &Value, failing: &mut Vec<String>) -> Range {
    match form {
        Value::Array(items) => {
            for item in items {
                look(item, failing);
            }
            ANY
        }
        Value::Object(members) => {
            let mut range = ANY;
            for (operator, operands) in members {
                range = operation(form, operator, operands, failing);
            }
            if members.len() == 1 { range } else { ANY }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => ANY,
    }
}

fn operation(form: &Value, operator: &str, operands: &Value, failing: &mut Vec<String>) -> Range {
    let operand = |name| operands.get(name).unwrap_or(&Value::Null);
    match operator {
        "Value" => match operands.as_i64() {
            Some(number) => Range::between(number.into(), number.into()),
            None => ANY,
        },
        "." if operand("left").get("Var").is_some() => {
            Range::of_fact(operand("attr").as_str().unwrap_or_default())
        }
        "+" | "-" | "*" => {
            let left = look(operand("left"), failing);
            let right = look(operand("right"), failing);
            checked(left.combined(operator, right), form, failing)
        }
        "neg" => {
            let range = look(operand("arg"), failing);
            checked(Range::between(0, 0).combined("-", range), form, failing)
        }
        "if-then-else" => {
            look(operand("if"), failing);
            let one = look(operand("then"), failing);
            let other = look(operand("else"), failing);
            Range::spanning(&[one.least, one.most, other.least, other.most])
        }
        _ => {
            look(operands, failing);
            let literal = |value: &Value| value.get("Value").is_some_and(Value::is_string);
            let made = operands.as_array().map(|values| values.iter().all(literal));
            let may_fail = CONSTRUCTORS.contains(&operator) && made == Some(false)
                || BEYOND_BOUNDS.contains(&operator) && made.is_some();
            if may_fail {
                failing.push(told(form));
            }
            ANY
        }
    }
}

fn checked(range: Range, form: &Value, failing: &mut Vec<String>) -> Range {
    if range.within_bounds() {
        return range;
    }
    failing.push(told(form));
    ANY
}

/// Characters that are told of an operation.
const TOLD_CHARACTERS_MAX: usize = 120;

fn told(form: &Value) -> String {
    written(form).chars().take(TOLD_CHARACTERS_MAX).collect()
}

/// A form as it would stand in a rule, as far as operations that can fail are made of.
fn written(form: &Value) -> String {
    let Some((operator, operands)) = form.as_object().and_then(|members| members.iter().next())
    else {
        return form.to_string();
    };
    let operand = |name| operands.get(name).unwrap_or(&Value::Null);
    match operator.as_str() {
        "Value" => operands.to_string(),
        "Var" => operands.as_str().unwrap_or_default().to_owned(),
        "." => {
            let attribute = operand("attr").as_str().unwrap_or_default();
            format!("{}.{attribute}", written(operand("left")))
        }
        "+" | "-" | "*" => {
            let (left, right) = (written(operand("left")), written(operand("right")));
            format!("{left} {operator} {right}")
        }
        "neg" => format!("-{}", written(operand("arg"))),
        name => match operands.as_array() {
            Some(values) => {
                let values: Vec<String> = values.iter().map(written).collect();
                format!("{name}({})", values.join(", "))
            }
            None => format!("({name} ...)"),
        },
    }
}
