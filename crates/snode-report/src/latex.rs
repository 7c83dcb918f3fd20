//! A table as LaTeX, with the rules of the package booktabs.

use std::borrow::Cow;

use crate::Table;
use snode_experiment::format::printable;

/// The text of a file that `\\input` takes: a table with its caption and label.
pub(super) fn latex(table: &Table) -> String {
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escape(cell)).collect();
        format!("    {} \\\\\n", cells.join(" & "))
    };
    // Words to the left, numbers to the right.
    let columns: String = (0..table.header.len())
        .map(|column| {
            let mut cells = table.rows.iter().filter_map(|row| row.get(column));
            if cells.all(|cell| begins_as_number(cell)) { 'r' } else { 'l' }
        })
        .collect();
    format!(
        "% Needs \\usepackage{{booktabs}}.\n\\begin{{table}}\n  \\centering\n  \\caption{{{}}}\n  \
         \\label{{tab:{}}}\n  \\begin{{tabular}}{{{columns}}}\n    \\toprule\n{}    \\midrule\n{}    \
         \\bottomrule\n  \\end{{tabular}}\n\\end{{table}}\n",
        escape(&table.title),
        table.name,
        row(&table.header),
        table.rows.iter().map(|cells| row(cells)).collect::<String>(),
    )
}

fn begins_as_number(cell: &str) -> bool {
    cell.is_empty() || cell.starts_with(|c: char| c.is_ascii_digit() || "–−-+∞".contains(c))
}

/// A tilde over the character before it.
const TILDE: char = '\u{303}';

/// A text of which nothing is a command, with its symbols as formulas.
fn escape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let text = printable(text);
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if rest.next_if_eq(&TILDE).is_some() {
            shown.push_str(&format!("$\\tilde{{{character}}}$"));
        } else if let Some(first) = raised(character) {
            let mut exponent = String::from(first);
            while let Some(digit) = rest.peek().copied().and_then(raised) {
                exponent.push(digit);
                rest.next();
            }
            shown.push_str(&format!("$^{{{exponent}}}$"));
        } else if let Some(symbol) = symbol(character) {
            shown.push_str(&symbol);
        } else {
            shown.push(character);
        }
    }
    // Symbols side by side are one formula.
    shown.replace("$$", "")
}

/// The digit or sign that a raised one is.
fn raised(character: char) -> Option<char> {
    let place = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻".chars().position(|digit| digit == character)?;
    "0123456789-".chars().nth(place)
}

/// What stands for a character that LaTeX takes otherwise, or has no letter for.
fn symbol(character: char) -> Option<Cow<'static, str>> {
    let known = match character {
        '\\' => r"\textbackslash{}",
        '~' => r"\textasciitilde{}",
        '^' => r"\textasciicircum{}",
        '<' => "$<$",
        '>' => "$>$",
        '|' => "$|$",
        '±' => r"$\pm$",
        '−' => "$-$",
        '·' => r"$\cdot$",
        '×' => r"$\times$",
        '≤' => r"$\le$",
        '≥' => r"$\ge$",
        '→' => r"$\to$",
        '↓' => r"$\downarrow$",
        '∇' => r"$\nabla$",
        'κ' => r"$\kappa$",
        '∞' => r"$\infty$",
        '‖' => r"$\|$",
        'δ' => r"$\delta$",
        'ε' => r"$\varepsilon$",
        'ξ' => r"$\xi$",
        'η' => r"$\eta$",
        'γ' => r"$\gamma$",
        'λ' => r"$\lambda$",
        'σ' => r"$\sigma$",
        'μ' => r"$\mu$",
        '✓' => r"$\checkmark$",
        '–' => "--",
        '…' => r"\ldots{}",
        '$' => r"\textdollar{}",
        '{' | '}' | '&' | '#' | '_' | '%' => return Some(format!("\\{character}").into()),
        _ => {
            let digit = "₀₁₂₃₄₅₆₇₈₉".chars().position(|digit| digit == character)?;
            return Some(format!("$_{digit}$").into());
        }
    };
    Some(known.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Csv;

    #[test]
    fn what_is_shown_is_text_and_symbols() {
        assert_eq!(escape("97.1 ± 0.2 (2/2)"), r"97.1 $\pm$ 0.2 (2/2)");
        assert_eq!(escape("‖δ‖₂ ≤ 0.5"), r"$\|\delta\|_2$ $\le$ 0.5");
        assert_eq!(escape("a_b & 5 % \\input{x}"), r"a\_b \& 5 \% \textbackslash{}input\{x\}");
        assert_eq!(escape("‖x\u{303} − x‖"), r"$\|\tilde{x}$ $-$ x$\|$");
        assert_eq!(escape("$±"), r"\textdollar{}$\pm$");
        assert_eq!(escape("10⁻⁶, L²"), "10$^{-6}$, L$^{2}$");
    }

    #[test]
    fn a_table_has_rules_and_columns() {
        let table = Table {
            name: "t".into(),
            title: "Accuracy [%]".into(),
            header: ["training", "accuracy"].map(str::to_owned).to_vec(),
            rows: vec![["NCG", "97.1 ± 0.2"].map(str::to_owned).to_vec()],
            data: Csv::default(),
        };
        let text = latex(&table);
        for part in [
            r"\begin{tabular}{lr}",
            r"\caption{Accuracy [\%]}",
            r"\label{tab:t}",
            "\\toprule\n    training & accuracy \\\\\n    \\midrule\n    NCG & 97.1 $\\pm$ 0.2 \\\\\n    \\bottomrule",
        ] {
            assert!(text.contains(part), "no {part} in {text}");
        }
    }
}
