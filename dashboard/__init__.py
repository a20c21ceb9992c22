"""Dashboard is what we see: pages and exports that read across floors."""
