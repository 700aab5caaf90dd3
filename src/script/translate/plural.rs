//! Which plural form goes with a number: the `Plural-Forms` line of a PO file.
//!
//! The expression is C over one variable, `n`. A tiny evaluator: no loops, no calls, no side effects, never a panic.

use std::iter::Peekable;
use std::str::Chars;

/// A language's plural forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plural {
    count: usize,
    rule: Rule,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    N,
    Number(u64),
    Not(Box<Rule>),
    Two(Sign, Box<Rule>, Box<Rule>),
    If(Box<Rule>, Box<Rule>, Box<Rule>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Or,
    And,
    Eq,
    Ne,
    Le,
    Ge,
    Lt,
    Gt,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}

/// From the loosest to the tightest; a sign that begins another one stands after it.
const LEVELS: &[&[(&str, Sign)]] = &[
    &[("||", Sign::Or)],
    &[("&&", Sign::And)],
    &[("==", Sign::Eq), ("!=", Sign::Ne)],
    &[("<=", Sign::Le), (">=", Sign::Ge), ("<", Sign::Lt), (">", Sign::Gt)],
    &[("+", Sign::Add), ("-", Sign::Sub)],
    &[("*", Sign::Mul), ("/", Sign::Div), ("%", Sign::Rem)],
];

/// Deeper brackets are no plural rule.
const MAX_DEPTH: usize = 40;
/// Longer lines are none either.
const MAX_LENGTH: usize = 1_000;

/// One form for one, another for everything else: English, German, Spanish.
impl Default for Plural {
    fn default() -> Self {
        let rule = Rule::Two(Sign::Ne, Box::new(Rule::N), Box::new(Rule::Number(1)));
        Self { count: 2, rule }
    }
}

impl Plural {
    /// Reads `nplurals=2; plural=n != 1;`.
    ///
    /// # Errors
    /// A sentence that says what is not understood.
    pub fn parse(line: &str) -> Result<Self, String> {
        if line.len() > MAX_LENGTH {
            return Err("a plural rule is a short line".into());
        }
        let part = |name: &str| {
            let found = line.split(';').find_map(|part| part.trim().strip_prefix(name)?.trim_start().strip_prefix('='));
            found.map(str::trim).ok_or(format!("`{name}=` is missing"))
        };
        let count = part("nplurals")?.parse().ok().filter(|count| (1..=8).contains(count));
        let count = count.ok_or("`nplurals` is a number from 1 to 8")?;
        let source = part("plural")?;
        let mut reader = Reader { rest: source.chars().peekable(), depth: 0 };
        let rule = reader.whole()?;
        match reader.next_sign() {
            None => Ok(Self { count, rule }),
            Some(other) => Err(format!("`{other}` is not expected there")),
        }
    }

    /// How many forms there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The form for a number; the last one when the rule names none.
    #[must_use]
    pub fn form(&self, number: i64) -> usize {
        let form = eval(&self.rule, number.unsigned_abs());
        usize::try_from(form).unwrap_or(usize::MAX).min(self.count - 1)
    }
}

fn eval(rule: &Rule, n: u64) -> u64 {
    match rule {
        Rule::N => n,
        Rule::Number(number) => *number,
        Rule::Not(inner) => u64::from(eval(inner, n) == 0),
        Rule::If(test, yes, no) => eval(if eval(test, n) == 0 { no } else { yes }, n),
        Rule::Two(sign, left, right) => {
            let (a, b) = (eval(left, n), eval(right, n));
            match sign {
                Sign::Or => u64::from(a != 0 || b != 0),
                Sign::And => u64::from(a != 0 && b != 0),
                Sign::Eq => u64::from(a == b),
                Sign::Ne => u64::from(a != b),
                Sign::Le => u64::from(a <= b),
                Sign::Ge => u64::from(a >= b),
                Sign::Lt => u64::from(a < b),
                Sign::Gt => u64::from(a > b),
                Sign::Add => a.saturating_add(b),
                Sign::Sub => a.saturating_sub(b),
                Sign::Mul => a.saturating_mul(b),
                Sign::Div => a.checked_div(b).unwrap_or(0),
                Sign::Rem => a.checked_rem(b).unwrap_or(0),
            }
        }
    }
}

struct Reader<'r> {
    rest: Peekable<Chars<'r>>,
    depth: usize,
}

impl Reader<'_> {
    fn next_sign(&mut self) -> Option<char> {
        while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
        self.rest.peek().copied()
    }

    fn take(&mut self, sign: &str) -> bool {
        self.next_sign();
        let mut ahead = self.rest.clone();
        let found = sign.chars().all(|wanted| ahead.next() == Some(wanted));
        if found {
            self.rest = ahead;
        }
        found
    }

    fn whole(&mut self) -> Result<Rule, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("too many brackets".into());
        }
        let test = self.level(0)?;
        let rule = if self.take("?") {
            let yes = self.whole()?;
            if !self.take(":") {
                return Err("`:` is missing after `?`".into());
            }
            Rule::If(Box::new(test), Box::new(yes), Box::new(self.whole()?))
        } else {
            test
        };
        self.depth -= 1;
        Ok(rule)
    }

    fn level(&mut self, level: usize) -> Result<Rule, String> {
        let Some(signs) = LEVELS.get(level) else { return self.atom() };
        let mut left = self.level(level + 1)?;
        while let Some((_, sign)) = signs.iter().find(|(text, _)| self.take(text)) {
            left = Rule::Two(*sign, Box::new(left), Box::new(self.level(level + 1)?));
        }
        Ok(left)
    }

    fn atom(&mut self) -> Result<Rule, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("too many brackets".into());
        }
        let rule = if self.take("!") {
            Rule::Not(Box::new(self.atom()?))
        } else if self.take("(") {
            let inner = self.whole()?;
            if !self.take(")") {
                return Err("`)` is missing".into());
            }
            inner
        } else if self.take("n") {
            Rule::N
        } else {
            let mut digits = String::new();
            while let Some(digit) = self.rest.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            Rule::Number(digits.parse().map_err(|_| "a number, `n` or a bracket is missing".to_owned())?)
        };
        self.depth -= 1;
        Ok(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn forms(line: &str, numbers: &[i64]) -> Vec<usize> {
        let plural = Plural::parse(line).unwrap();
        numbers.iter().map(|number| plural.form(*number)).collect()
    }

    #[test]
    fn the_forms_of_several_languages() {
        assert_eq!(forms("nplurals=2; plural=n != 1;", &[0, 1, 2, 21]), [1, 0, 1, 1]);
        assert_eq!(Plural::parse("nplurals=2; plural=(n != 1);").unwrap().form(1), Plural::default().form(1));
        assert_eq!(forms("nplurals=2; plural=n>1;", &[0, 1, 2]), [0, 0, 1]);
        let polish = "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);";
        assert_eq!(forms(polish, &[1, 2, 4, 5, 12, 22, 100]), [0, 1, 1, 2, 2, 1, 2]);
        let arabic =
            "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;";
        assert_eq!(forms(arabic, &[0, 1, 2, 3, 10, 11, 99, 100, 103]), [0, 1, 2, 3, 3, 4, 4, 5, 3]);
        assert_eq!(forms("nplurals=1; plural=0;", &[0, 1, 7]), [0, 0, 0]);
    }

    #[test]
    fn nonsense_is_refused_and_never_panics() {
        for line in [
            "",
            "nplurals=2",
            "plural=n",
            "nplurals=0; plural=0",
            "nplurals=99; plural=0",
            "nplurals=2; plural=m != 1",
            "nplurals=2; plural=n ? 1",
            "nplurals=2; plural=(n",
            "nplurals=2; plural=n n",
            "nplurals=2; plural=",
        ] {
            assert!(Plural::parse(line).is_err(), "{line}");
        }
        assert!(Plural::parse(&format!("nplurals=2; plural={}n", "(".repeat(500))).is_err());
        assert!(Plural::parse(&format!("nplurals=2; plural={}n", "!".repeat(500))).is_err());
        assert_eq!(forms("nplurals=2; plural=n % 0 + n / 0 - 5;", &[3]), [0]);
    }
}
