"""Where devices send files to, as to Azure Blob Storage."""
