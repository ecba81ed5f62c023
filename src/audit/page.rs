//! What pages for printing have in common: their style, their beginning, and plain tables.

use std::io;
use std::io::Write;

/// Wide pages, a heading on each, and rows that are not torn.
const STYLE: &str = "@page{size:A4 landscape;margin:12mm}body{font:10pt/1.35 sans-serif;color:#111}\
h1{font-size:14pt;margin:0 0 .2em}table{border-collapse:collapse;width:100%}\
th,td{border-bottom:1px solid #bbb;padding:2px 6px;text-align:left;vertical-align:top}\
thead{display:table-header-group}tr{break-inside:avoid}.n{text-align:right}.deny{font-weight:bold}\
footer{margin-top:1em;font-size:9pt}";

/// Upright pages of text, in place of wide ones.
pub(super) const UPRIGHT: &str = "@page{size:A4 portrait;margin:20mm}body{font-size:11pt}\
li{margin:.5em 0;break-inside:avoid}.warning{border:1px solid #111;padding:.3em .6em}";

/// The page as far as its heading.
pub(super) fn begin(out: &mut dyn Write, title: &str, more_style: &str) -> io::Result<()> {
    let title = escaped(title);
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\n\
         <style>{STYLE}{more_style}</style></head><body>\n<h1>{title}</h1>\n"
    )
}

/// Text in an element or an attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// A table, with a heading and some text above.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// Paragraphs.
    pub text: Vec<String>,
    /// The columns.
    pub columns: Vec<&'static str>,
    /// A cell for each column.
    pub rows: Vec<Vec<String>>,
}

impl Section {
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "<h2>{}</h2>", escaped(&self.title))?;
        for text in &self.text {
            writeln!(out, "<p>{}</p>", escaped(text))?;
        }
        if self.rows.is_empty() {
            return Ok(());
        }
        let cells = |tag: &str, cells: &mut dyn Iterator<Item = &str>| {
            let cells = cells.map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell)));
            format!("<tr>{}</tr>", cells.collect::<String>())
        };
        let head = cells("th", &mut self.columns.iter().copied());
        writeln!(out, "<table><thead>{head}</thead><tbody>")?;
        for row in &self.rows {
            writeln!(out, "{}", cells("td", &mut row.iter().map(String::as_str)))?;
        }
        writeln!(out, "</tbody></table>")
    }
}

/// A page of such sections.
///
/// # Errors
/// When `out` cannot be written.
pub fn page(
    out: &mut dyn Write,
    title: &str,
    sections: &[Section],
    footer: &str,
) -> io::Result<()> {
    begin(out, title, "")?;
    for section in sections {
        section.write(out)?;
    }
    writeln!(out, "<footer>{}</footer>\n</body></html>", escaped(footer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_said_becomes_markup() {
        let section = Section {
            title: "<b>".to_owned(),
            text: vec!["a & b".to_owned()],
            columns: vec!["what"],
            rows: vec![vec!["<script>".to_owned()]],
        };
        let mut out = Vec::new();
        page(&mut out, "\"x\"", &[section], "'").unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("<h1>&quot;x&quot;</h1>\n<h2>&lt;b&gt;</h2>\n<p>a &amp; b</p>"));
        assert!(text.contains("<tr><td>&lt;script&gt;</td></tr>"), "{text}");
        assert!(text.ends_with("<footer>&#39;</footer>\n</body></html>\n"));
    }
}
