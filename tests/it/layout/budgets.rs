//! Sizes of files and functions.

use super::{scan::functions, sources};

/// The size that this share of them does not exceed.
fn quantile(sizes: &[usize], share: f64) -> usize {
    let mut sizes = sizes.to_vec();
    sizes.sort_unstable();
    let counted = f64::from(u32::try_from(sizes.len()).unwrap());
    let within =
        (0..sizes.len()).find(|i| f64::from(u32::try_from(i + 1).unwrap()) >= share * counted);
    sizes[within.unwrap()]
}

#[test]
fn files_keep_their_budget() {
    let all = sources("src");
    let sizes: Vec<usize> = all.iter().map(|source| source.lines).collect();
    let over: Vec<_> = all.iter().filter(|source| source.lines > 600).map(|s| &s.path).collect();
    assert!(over.is_empty(), "longer than 600 lines: {over:?}");
    assert!(quantile(&sizes, 0.5) <= 120, "the median file has {}", quantile(&sizes, 0.5));
    assert!(quantile(&sizes, 0.9) <= 350, "a tenth of the files has {}", quantile(&sizes, 0.9));
}

#[test]
fn functions_keep_their_budget() {
    let all: Vec<(String, usize)> = sources("src")
        .iter()
        .flat_map(|source| {
            let named = |(name, lines)| (format!("{} {name}", source.path), lines);
            functions(&source.code).into_iter().map(named).collect::<Vec<_>>()
        })
        .collect();
    assert!(all.len() > 500, "the scanner found only {} functions", all.len());
    let over: Vec<_> = all.iter().filter(|(_, lines)| *lines > 80).collect();
    assert!(over.is_empty(), "longer than 80 lines: {over:?}");
    let sizes: Vec<usize> = all.iter().map(|(_, lines)| *lines).collect();
    assert!(quantile(&sizes, 0.9) <= 40, "a tenth of the functions has {}", quantile(&sizes, 0.9));
}

#[test]
fn quantiles_count_from_the_smallest() {
    let sizes: Vec<usize> = (1..=10).rev().collect();
    assert_eq!((quantile(&sizes, 0.5), quantile(&sizes, 0.9), quantile(&sizes, 1.0)), (5, 9, 10));
}
