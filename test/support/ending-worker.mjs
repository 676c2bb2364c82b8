// Stands in for a thread that ends before anyone has taken it.
process.exit(7);
