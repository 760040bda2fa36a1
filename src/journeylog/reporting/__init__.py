"""The report page and the command line. The function is :func:`journeylog.report`; the folder has another name so
that importing from it never puts a module in the function's place."""
