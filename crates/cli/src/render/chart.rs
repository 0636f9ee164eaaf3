//! Line charts as SVG, drawn without a script: colours are those of the page's style.

mod scale;

pub use scale::{Scale, millis};

use std::io::{self, Write};

use super::html::escape;

/// A chart with its legend.
#[derive(Debug)]
pub struct Chart<'a> {
    /// What it shows, with the unit.
    pub title: &'a str,
    /// From left to right.
    pub x: Scale,
    /// From below upwards.
    pub y: Scale,
    /// Later ones are drawn above earlier ones.
    pub lines: Vec<Line<'a>>,
    /// What is said where the pointer rests.
    pub zones: Vec<Zone>,
}

/// A line of a chart.
#[derive(Debug)]
pub struct Line<'a> {
    /// What the legend says.
    pub name: &'a str,
    /// The class by which the style knows it.
    pub class: &'static str,
    /// From left to right; the line is broken where there is none.
    pub points: Vec<Option<(f64, f64)>>,
}

/// A strip of a chart from `from` to `to` of its x axis, and what it says.
#[derive(Debug)]
pub struct Zone {
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// What it says, line by line.
    pub lines: Vec<String>,
}

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 24.0;

impl Chart<'_> {
    /// Writes it as a figure.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let title = escape(self.title);
        writeln!(out, "<figure>\n<figcaption>{title}</figcaption>")?;
        write!(out, "<p class=\"legend\">")?;
        for line in &self.lines {
            let (class, name) = (line.class, escape(line.name));
            write!(
                out,
                "<span><svg width=\"18\" height=\"8\" aria-hidden=\"true\">\
                 <path class=\"l {class}\" d=\"M3 4H15\"/></svg>{name}</span>"
            )?;
        }
        writeln!(out, "</p>")?;
        writeln!(
            out,
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">"
        )?;
        self.write_axes(out)?;
        for line in &self.lines {
            let (path, dots) = self.paths(&line.points);
            for (path, class) in [(path, "l"), (dots, "l dots")] {
                if !path.is_empty() {
                    writeln!(out, "<path class=\"{class} {}\" d=\"{path}\"/>", line.class)?;
                }
            }
        }
        for zone in &self.zones {
            let (from, to) = (self.at_x(zone.from), self.at_x(zone.to));
            let lines: Vec<String> = zone.lines.iter().map(|line| escape(line)).collect();
            writeln!(
                out,
                "<rect class=\"z\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\">\
                 <title>{}</title></rect>",
                (to - from).max(1.0),
                HEIGHT - TOP - BOTTOM,
                lines.join("\n")
            )?;
        }
        writeln!(out, "</svg>\n</figure>")
    }

    fn write_axes(&self, out: &mut impl Write) -> io::Result<()> {
        let (right, floor) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for (value, text) in &self.y.marks {
            let y = self.at_y(*value);
            let text = escape(text);
            writeln!(
                out,
                "<path class=\"g\" d=\"M{LEFT} {y:.1}H{right}\"/>\
                 <text class=\"e\" x=\"{:.1}\" y=\"{:.1}\">{text}</text>",
                LEFT - 7.0,
                y + 3.5
            )?;
        }
        writeln!(out, "<path class=\"a\" d=\"M{LEFT} {floor}H{right}\"/>")?;
        for (value, text) in &self.x.marks {
            let x = self.at_x(*value);
            let text = escape(text);
            writeln!(
                out,
                "<path class=\"a\" d=\"M{x:.1} {floor}v4\"/>\
                 <text class=\"m\" x=\"{x:.1}\" y=\"{:.1}\">{text}</text>",
                floor + 16.0
            )?;
        }
        Ok(())
    }

    fn at_x(&self, value: f64) -> f64 {
        LEFT + self.x.share(value) * (WIDTH - LEFT - RIGHT)
    }

    fn at_y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.share(value) * (HEIGHT - TOP - BOTTOM)
    }

    /// The lines between points, and dots for those without a neighbour.
    fn paths(&self, points: &[Option<(f64, f64)>]) -> (String, String) {
        let (mut path, mut dots) = (String::new(), String::new());
        for stretch in points.split(Option::is_none) {
            let places = stretch.iter().flatten();
            let places = places.map(|(x, y)| (self.at_x(*x), self.at_y(*y)));
            for (index, (x, y)) in places.enumerate() {
                match (stretch.len(), index) {
                    // A line of no length has round ends.
                    (1, _) => dots += &format!("M{x:.1} {y:.1}h0"),
                    (_, 0) => path += &format!("M{x:.1} {y:.1}"),
                    _ => path += &format!("L{x:.1} {y:.1}"),
                }
            }
        }
        (path, dots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<Option<(f64, f64)>>) -> String {
        let chart = Chart {
            title: "rate <b>",
            x: Scale::time(10.0),
            y: Scale::linear(100.0),
            lines: Vec::from([Line {
                name: "sent",
                class: "s1",
                points,
            }]),
            zones: Vec::from([Zone {
                from: 0.0,
                to: 5.0,
                lines: vec!["first & half".to_owned(), "more".to_owned()],
            }]),
        };
        let mut out = Vec::new();
        chart.write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_go_from_corner_to_corner_and_break_where_nothing_is() {
        let svg = chart(vec![Some((0.0, 0.0)), Some((10.0, 100.0))]);
        assert!(svg.contains("l s1\" d=\"M58.0 196.0L546.0 10.0\""), "{svg}");
        let svg = chart(vec![Some((0.0, 0.0)), None, Some((10.0, 100.0))]);
        assert!(
            svg.contains("dots s1\" d=\"M58.0 196.0h0M546.0 10.0h0\""),
            "{svg}"
        );
        // The one of the legend is left.
        let svg = chart(vec![None]);
        assert_eq!(svg.matches("class=\"l s1").count(), 1, "{svg}");
    }

    #[test]
    fn texts_are_escaped_and_zones_cover_their_strip() {
        let svg = chart(vec![]);
        assert!(
            svg.contains("<figcaption>rate &lt;b&gt;</figcaption>"),
            "{svg}"
        );
        assert!(
            svg.contains("<title>first &amp; half\nmore</title>"),
            "{svg}"
        );
        assert!(svg.contains("x=\"58.0\" y=\"10\" width=\"244.0\""), "{svg}");
    }
}
