from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Header, HTTPException, Request, Response, status

router = APIRouter()
