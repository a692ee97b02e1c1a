"""What the tests share: a Chromium, Jupyter servers, notebook pages and bare kernels."""
